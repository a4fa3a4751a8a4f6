/** What registers must not do, shown by nodes that do it. */
import { expect, it } from 'vitest'
import { Ballots } from '../../ballots.ts'
import { Cluster } from '../../node-id.ts'
import { KeyValueStore } from '../../store/kv-store.ts'
import type { Process } from '../process.ts'
import { holdsRegisters, Registers } from './registers.ts'

const cluster = new Cluster(['1.1', '1.2', '1.3'])
const ballots = new Ballots(cluster)
const encoder = new TextEncoder()
const KEYS = ['k']

/** A process with a store in the test's hands. */
function fake(index: number, life = 1) {
  const store = new KeyValueStore()
  const replica = { status: () => ({ executed: null }) }
  const process = { id: cluster.at(index), life, node: { ballots }, store, replica } as unknown as Process
  /** Holds a value with the tag `number` of a member. */
  const hold = (number: number, member: number, value: string) =>
    store.set('k', encoder.encode(value), number * 4096 + member)
  return { process, hold }
}

it('registers are where nothing is executed in order', () => {
  const { process } = fake(0)
  const logged = { ...process, replica: { status: () => ({ executed: 0 }) } } as unknown as Process
  expect([holdsRegisters(process), holdsRegisters(logged)]).toEqual([true, false])
})

it('a tag with two values is found', () => {
  const [b, c] = [fake(1), fake(2)]
  const registers = new Registers()
  b.hold(1, 0, 'x')
  c.hold(1, 0, 'x')
  expect([b, c].map(({ process }) => registers.look(process, KEYS))).toEqual([null, null])
  b.hold(2, 0, 'x')
  c.hold(2, 0, 'y')
  const findings = [b, c].map(({ process }) => registers.look(process, KEYS))
  expect(findings).toEqual([null, '1.3 holds key k with tag 2.1.1 and value y, others with value x'])
})

it('a tag that was acknowledged with two values is found', () => {
  const registers = new Registers()
  const acknowledged = [
    { key: 'k', version: 0, value: null },
    { key: 'k', version: 4096, value: 'x' },
    { key: 'k', version: 4096, value: 'x' },
    { key: 'other', version: 4096, value: 'y' },
  ]
  expect(registers.hear({ acknowledged })).toBeNull()
  acknowledged.push({ key: 'k', version: 4096, value: 'y' })
  expect(registers.hear({ acknowledged })).toMatch(/key k was acknowledged with value y; .* have x/)
  const other = fake(1)
  other.hold(1, 0, 'z')
  expect(registers.look(other.process, KEYS)).toMatch(/value z, others with value x/)
})

it('a tag that only its owner held may have another value after a crash, and no more once others held it', () => {
  const registers = new Registers()
  const lives = [fake(0, 1), fake(0, 2), fake(0, 3)] as const
  const other = fake(1)
  lives[0].hold(1, 0, 'x')
  lives[1].hold(1, 0, 'y')
  other.hold(1, 0, 'y')
  lives[2].hold(1, 0, 'z')
  const findings = [lives[0], lives[1], other, lives[2]].map(({ process }) => registers.look(process, KEYS))
  expect(findings).toEqual([null, null, null, '1.1 holds key k with tag 1.1.1 and value z, others with value y'])
})

it('a key that goes back is found, within one life', () => {
  const registers = new Registers()
  const { process, hold } = fake(1)
  hold(2, 0, 'y')
  expect(registers.look(process, KEYS)).toBeNull()
  hold(1, 2, 'x')
  expect(registers.look(process, KEYS)).toBe('1.2 holds key k with tag 1.1.3, after 2.1.1')
  const next = fake(1, 2)
  next.hold(1, 2, 'x')
  expect(registers.look(next.process, KEYS)).toBeNull()
})
