/** A situation for an invariant to judge: two processes that are what a test says, and a network on which it speaks. */
import paxos from '../../../../protocols/paxos/index.ts'
import { codecOf } from '../../../codec/compile.ts'
import { FRAME_HEADER, seal } from '../../../codec/frame.ts'
import { type Command, put } from '../../../command.ts'
import { Cluster, type NodeId } from '../../../node-id.ts'
import { type Protocol, TIMEOUTS } from '../../../replica.ts'
import type { Arena } from '../../arena.ts'
import type { Acknowledged } from '../../clients.ts'
import { vocabularyOf } from '../../vocabulary.ts'

export const cluster = new Cluster(['1.1', '1.2'])
const encoder = new TextEncoder()

/** A process of which an invariant sees what a test says. */
export function fake(index: number) {
  const slots: Command[][] = []
  const log = {
    executed: 0,
    floor: 0,
    end: 0,
    get: (slot: number) => (slots[slot] ? { ballot: 1, chosen: true, commands: slots[slot] } : undefined),
  }
  const process = {
    id: cluster.at(index),
    life: 1,
    failure: null as unknown,
    node: { memory: 'kept', freshness: { outdated: false } },
    hash: 0,
    store: { hash: () => process.hash },
    replica: { promised: 0, log, status: () => ({ executed: log.executed }) },
    disk: { generation: 0, marks: { appended: 0, synced: 0 } },
    execute(...commands: Command[]) {
      slots.push(commands)
      log.executed = log.end = slots.length
    },
  }
  return process
}

/** Two such processes, and what a test may change of them. */
export function arena(history: unknown[] = []) {
  const processes = [fake(0), fake(1)] as const
  const clients = {
    history,
    keys: new Set(['k']),
    issued: new Set([...'abc'].map((value) => `k=${value}`)),
    refused: new Set<string>(),
    acknowledged: [] as Acknowledged[],
  }
  const nodeOptions = { maxRequests: 4, maxInbox: 64 }
  return { processes, clients, arena: { processes, durable: false, clients, cluster, nodeOptions } as unknown as Arena }
}

/** A write of a key that clients use. */
export const write = (value: string) => put('k', encoder.encode(value))

/** A network on which an invariant hears what a test says, in the words of a protocol. */
export function ear(seen: Arena, protocol: Protocol = paxos) {
  const ears = new Map<number, (from: NodeId, to: NodeId, frame: Uint8Array) => void>()
  const network = {
    listen: (number: number, hear: (from: NodeId, to: NodeId, frame: Uint8Array) => void) => ears.set(number, hear),
  }
  const options = protocol.options({}, TIMEOUTS)
  const vocabulary = vocabularyOf(protocol, cluster, options)
  return {
    arena: { ...seen, network, protocol, options, vocabulary } as unknown as Arena,
    say(from: number, name: string, values: object) {
      const [number, type] = [...vocabulary].find(([, { name: known }]) => known === name)!
      ears.get(number)?.(
        cluster.at(from),
        cluster.at(1 - from),
        seal(codecOf(type).encode(values as never, FRAME_HEADER), number),
      )
    },
  }
}
