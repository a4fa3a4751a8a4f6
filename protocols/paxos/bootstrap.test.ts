/** The operator's order to begin (`-bootstrap`), with a protocol that votes: begun once, and left on by mistake. */
import { expect, it } from 'vitest'
import { cluster, converge, restart } from './testing/cluster.ts'

const BOOTSTRAP = { nodeOptions: { bootstrap: true } }

/** Boots some nodes; the others are not there. */
function begin(names: readonly string[], durable: boolean) {
  const s = cluster({ ...BOOTSTRAP, durable })
  for (const name of names) s.process(name).boot()
  s.until('the start', () => names.every((name) => s.process(name).node?.memory === 'blank'))
  return s
}

it('two of three begin without the third, and it learns what they have done when it comes', () => {
  for (const durable of [true, false]) {
    const s = begin(['1.1', '1.2'], durable)
    s.write('1.1', 'k')
    s.process('1.3').boot()
    s.until('the third', () => s.process('1.3').replica?.status().voting === true)
    s.write('1.3', 'k')
    converge(s)
    s.judge()
  }
})

it('without the order two of three do not begin', () => {
  const s = cluster()
  for (const name of ['1.1', '1.2']) s.process(name).boot()
  s.run(10_000)
  expect(s.processes.map(({ node }) => node?.memory ?? null)).toEqual([null, null, null])
})

it('left on, it makes no node that has forgotten its votes a new one while others remember', () => {
  const s = begin(['1.1', '1.2', '1.3'], false)
  for (const name of ['1.1', '1.2', '1.3']) {
    s.write('1.1', 'k')
    restart(s, name)
    s.until('the word of the others', () => s.process(name).node?.memory != null)
    expect(s.process(name).node?.memory).toBe('lost')
    s.until('its votes', () => s.process(name).replica?.status().voting === true)
  }
  s.read('1.1', 'k')
  s.judge()
})

it('left on, a majority that has forgotten stops the cluster while one remembers', () => {
  const s = begin(['1.1', '1.2', '1.3'], false)
  s.write('1.1', 'k')
  restart(s, '1.1')
  restart(s, '1.2')
  s.run(10_000)
  expect(s.processes.map(({ replica }) => replica?.status().voting)).toEqual([false, false, true])
  expect(s.leader()).toBeNull()
})
