/** The master over HTTP: who may join, what it answers before and after all have, and bad requests. */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMasterServer } from './master.ts'
import { type Addresses, Roster } from './roster.ts'

let app: FastifyInstance
let url: string
let joined: string[]

beforeEach(async () => {
  joined = []
  const template = { threshold: 2, secret: 'for nodes alone' }
  const roster = new Roster({ size: 2, peerPort: 1735, httpPort: 8080, transport: 'udp', template })
  app = createMasterServer(roster, (id, host) => joined.push(`${id} ${host}`))
  await app.listen({ host: '127.0.0.1', port: 0 })
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
})

afterEach(() => app.close())

async function ask(method: string, path: string): Promise<[number, string]> {
  const response = await fetch(`${url}${path}`, { method })
  return [response.status, await response.text()]
}

test('all get the same configuration once the last has joined, members again at any time', async () => {
  expect(await ask('GET', '/config')).toEqual([503, 'waiting for 2 more nodes\n'])
  expect(await ask('POST', '/nodes/2.1')).toEqual([503, 'waiting for 1 more node\n'])
  expect(await ask('POST', '/nodes/2.1')).toEqual([503, 'waiting for 1 more node\n'])
  const [status, text] = await ask('POST', '/nodes/1.1')
  expect([status, JSON.parse(text)]).toEqual([
    200,
    {
      threshold: 2,
      secret: 'for nodes alone',
      // By id, though 2.1 came first.
      address: { '1.1': 'udp://127.0.0.1:1736', '2.1': 'udp://127.0.0.1:1737' },
      http_address: { '1.1': 'http://127.0.0.1:8081', '2.1': 'http://127.0.0.1:8082' },
    },
  ])
  expect(await ask('POST', '/nodes/2.1')).toEqual([200, text])
  expect(await ask('GET', '/config')).toEqual([200, text])
  const [refused, sentence] = await ask('POST', '/nodes/3.1')
  expect([refused, sentence]).toEqual([409, 'the cluster has its 2 nodes, 1.1, 2.1; 3.1 is none of them\n'])
  expect(joined).toEqual(['2.1 127.0.0.1', '1.1 127.0.0.1'])
})

describe('bad requests change nothing', () => {
  test.each<[string, string, number, RegExp]>([
    ['POST', '/nodes/1', 400, /"1" is not of the form zone\.node/],
    ['POST', '/nodes/..%2Fx', 400, /not of the form/],
    ['POST', '/nodes/__proto__', 400, /not of the form/],
    ['POST', '/nodes/', 400, /not of the form/],
    ['GET', '/nodes/1.1', 404, /POST \/nodes\/<id> and GET \/config/],
    ['GET', '/', 404, /GET \/config/],
    ['POST', '/nodes/%zz', 400, /./],
  ])('%s %s', async (method, path, status, sentence) => {
    const [given, text] = await ask(method, path)
    expect([given, text]).toEqual([status, expect.stringMatching(sentence)])
    expect(await ask('GET', '/config')).toEqual([503, 'waiting for 2 more nodes\n'])
  })

  test('a long body', async () => {
    const response = await fetch(`${url}/nodes/1.1`, { method: 'POST', body: 'x'.repeat(5000) })
    expect([413, 415]).toContain(response.status)
    expect(joined).toEqual([])
  })
})

test('an id belongs to the host that it came from first; IPv6 hosts have brackets', () => {
  const roster = new Roster({ size: 2, peerPort: 10, httpPort: 20, transport: 'tcp', template: {} })
  roster.join('1.1', '10.0.0.1')
  expect(() => roster.join('1.1', '10.0.0.2')).toThrow('node 1.1 has joined from 10.0.0.1')
  expect([roster.missing, roster.config()]).toEqual([1, null])
  roster.join('1.2', '::1')
  expect(roster.config()?.address).toEqual({ '1.1': 'tcp://10.0.0.1:11', '1.2': 'tcp://[::1]:12' })
})

describe('a roster that is kept', () => {
  const options = { size: 2, peerPort: 10, httpPort: 20, transport: 'tcp', template: { threshold: 2 } }

  test('is given away once, when the last node has come, and begins another one complete', () => {
    const kept: Addresses[] = []
    const first = new Roster({ ...options, keep: (addresses) => kept.push(addresses) })
    first.join('1.2', '10.0.0.2')
    expect(kept).toEqual([])
    first.join('1.1', '::1')
    first.join('1.2', '10.0.0.2')
    expect(kept).toHaveLength(1)
    expect(first.config()).toEqual({ threshold: 2, ...kept[0] })

    const known = kept[0]!
    const again = new Roster({ ...options, peerPort: 30, template: {}, known, keep: () => expect.unreachable() })
    expect([again.missing, again.config()]).toEqual([0, known])
    again.join('1.1', '::1')
    expect(() => again.join('1.1', '10.0.0.1')).toThrow('node 1.1 has joined from ::1')
    expect(() => again.join('1.3', '10.0.0.1')).toThrow('the cluster has its 2 nodes, 1.1, 1.2; 1.3 is none of them')
  })

  test('that cannot be kept is told nobody', () => {
    let full = true
    const roster = new Roster({
      ...options,
      keep: () => {
        if (full) throw new Error('no room')
      },
    })
    roster.join('1.1', '10.0.0.1')
    expect(() => roster.join('1.2', '10.0.0.1')).toThrow('no room')
    expect([roster.missing, roster.config()]).toEqual([1, null])
    full = false
    roster.join('1.2', '10.0.0.1')
    expect(roster.missing).toBe(0)
  })
})
