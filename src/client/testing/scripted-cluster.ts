/** A cluster that is an object, for tests of the commands: values, histories and failures are those of a script. */
import { SynodError } from '../../errors.ts'
import type { Target } from '../commands.ts'
import type { NodeState } from '../views.ts'

/** What every answer tells beside its value. */
export const META = { id: '', cid: '1', slot: 5, ballot: '1.1.1', execute: 5, inProgress: null }
/** The nodes of every scripted cluster. */
export const NODES = ['1.1', '1.2', '1.3']

/** What its nodes say and do; the rest goes well. */
export interface Script {
  values?: Record<string, string | Buffer>
  texts?: Record<string, string>
  /** Per node; an error is thrown. */
  histories?: Record<string, string[] | SynodError>
  /** Per node: the hashes said one after the other, the last one for ever. */
  hashes?: Record<string, string[] | SynodError>
  /** How far the nodes say that they have executed; null of a protocol without a log. */
  executed?: number | null
  putError?: SynodError
  /** Per node: what `heal` ends. */
  healed?: Record<string, string[] | SynodError>
  /** Per node: why it cannot be told of a partition. */
  deaf?: Record<string, Error>
}

/** A cluster that does as its script says, and logs what it is asked to change. */
export function cluster(script: Script = {}): Target & { log: string[] } {
  const log: string[] = []
  const asked = new Map<string, number>()
  const known = <T>(value: T | SynodError | undefined, otherwise: T): T => {
    if (value instanceof SynodError) throw value
    return value ?? otherwise
  }
  return {
    log,
    nodes: NODES,
    get: async (key) => {
      const value = script.values?.[String(key)]
      return { node: '1.1', value: value === undefined ? null : Buffer.from(value), ...META }
    },
    put: async (key, value) => {
      if (script.putError) throw script.putError
      log.push(`put ${key} ${Buffer.from(value).toString()}`)
      return { node: '1.2', previous: null, ...META }
    },
    texts: {
      get: async (key) => {
        const value = script.texts?.[String(key)]
        return { node: '1.1', version: 1, value: value === undefined ? null : Buffer.from(value), ...META }
      },
      put: async (key, value) => {
        log.push(`put text ${key} ${Buffer.from(value).toString()}`)
        return { node: '1.3', version: 1, previous: null, ...META }
      },
    },
    history: async (_key, { node } = {}) => known(script.histories?.[node!], []).map((value) => Buffer.from(value)),
    state: async ({ node } = {}): Promise<NodeState> => {
      log.push(`state ${node}`)
      const hashes = known(script.hashes?.[node!], ['0'])
      const turn = asked.get(node!) ?? 0
      asked.set(node!, turn + 1)
      return {
        node: node!,
        algorithm: 'paxos',
        leader: node === '1.3' ? null : '1.2',
        executed: script.executed === undefined ? 7 : script.executed,
        ready: node !== '1.3',
        hash: hashes[Math.min(turn, hashes.length - 1)]!,
        faults: [],
      }
    },
    faults: {
      crash: async (id, seconds) => void log.push(`crash ${id} ${seconds}`),
      drop: async (from, to, seconds) => void log.push(`drop ${from} ${to} ${seconds}`),
      slow: async (from, to, delayMs, seconds) => void log.push(`slow ${from} ${to} ${delayMs} ${seconds}`),
      flaky: async (from, to, chance, seconds) => void log.push(`flaky ${from} ${to} ${chance} ${seconds}`),
      cut: async (node, seconds, ids) => {
        const error = script.deaf?.[node]
        if (error) throw error
        log.push(`${node}: cut ${seconds} ${ids.join(' ')}`)
      },
      heal: async (id, fault) => {
        log.push(`heal ${id} ${fault ?? 'all'}`)
        return known(script.healed?.[id], [])
      },
    },
  }
}
