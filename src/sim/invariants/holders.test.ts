/** That acknowledged values of registers are where the next read must look, shown by nodes where they are not. */
import { expect, it } from 'vitest'
import { Ballots } from '../../ballots.ts'
import { Cluster } from '../../node-id.ts'
import { majority } from '../../quorum/index.ts'
import { KeyValueStore } from '../../store/kv-store.ts'
import type { Arena } from '../arena.ts'
import type { Process } from '../process.ts'
import { Holders } from './holders.ts'

const cluster = new Cluster(['1.1', '1.2', '1.3'])
const TAG = 5 * 4096

/** A process whose store, life and readiness are in the test's hands. */
function fake(index: number) {
  const node = { memory: 'kept', ballots: new Ballots(cluster) }
  const disk = { marks: { appended: 0, synced: 0 } }
  const process = {
    id: cluster.at(index),
    life: 1,
    node,
    store: new KeyValueStore(),
    ready: true,
    executed: null,
    disk,
  }
  const status = () => ({ ready: process.ready, executed: process.executed })
  return Object.assign(process, { replica: { quorum: majority(cluster), status } })
}

/** Three nodes of which the first `count` hold key k with a tag that was acknowledged. */
function acknowledged(count: number) {
  const processes = cluster.members.map(({ index }) => fake(index))
  for (const { store } of processes.slice(0, count)) store.set('k', new Uint8Array(1), TAG)
  const clients = {
    keys: new Set(['k']),
    acknowledged: [{ key: 'k', version: TAG, value: null }],
  } as unknown as Arena['clients']
  const holders = new Holders()
  const look = (looked = processes) => holders.look({ processes: looked as unknown as Process[], clients })
  return { processes, look }
}

it('an acknowledged tag that a phase-1 quorum lacks is found', () => {
  expect([acknowledged(3).look(), acknowledged(2).look()]).toEqual([null, null])
  expect(acknowledged(1).look()).toBe('key k was acknowledged with tag 5.1.1, which a phase-1 quorum lacks: 1.2, 1.3')
})

it('a node that does not serve lacks nothing, until it serves', () => {
  const { processes, look } = acknowledged(1)
  processes[2]!.ready = false
  expect(look()).toBeNull()
  processes[2]!.ready = true
  expect(look([processes[2]!])).toMatch(/lacks: 1\.2, 1\.3/)
})

it('what is not on disk is not held', () => {
  const { processes, look } = acknowledged(2)
  processes[1]!.disk.marks = { appended: 1, synced: 0 }
  expect(look()).toMatch(/lacks: 1\.2, 1\.3/)
  const synced = acknowledged(2)
  synced.processes[1]!.disk.marks = { appended: 1, synced: 1 }
  expect(synced.look()).toBeNull()
})

it('what a node has lost in a crash it lacks', () => {
  const { processes, look } = acknowledged(2)
  expect(look()).toBeNull()
  Object.assign(processes[1]!, { life: 2, store: new KeyValueStore() })
  expect(look([processes[1]!])).toMatch(/lacks: 1\.2, 1\.3/)
})
