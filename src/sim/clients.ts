/**
 * Simulated clients: each does one operation after the other, and all that they saw is the history to be judged. Where
 * the protocol has sessions, others work in those (`session-clients.ts`).
 */
import type { Operation } from '../checker/index.ts'
import { type Command, get, put, remove } from '../command.ts'
import type { Outcome, Position, ReadMode } from '../request.ts'
import type { Process } from './process.ts'
import { type Ended, SessionClients } from './session-clients.ts'
import type { World } from './world.ts'
import { EMPTIES, writeOf } from './writes.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The operations of clients without a session; `empty` puts the empty value. */
export const PLAIN = ['get', 'put', 'delete', 'empty'] as const
export type Plain = (typeof PLAIN)[number]

/** The share of deletes among the writes, where no session has them. */
const DELETES = 0.15

/** How often a client reads at once what it has written. */
const LOOKS = 0.3

/** What the clients do. */
export interface Workload {
  readonly clients: number
  readonly keys: number
  /** The share of writes. */
  readonly writes: number
  /** The paths that reads take, each as often. */
  readonly reads: readonly ReadMode[]
  /** The most milliseconds between an answer and the next operation. */
  readonly think: number
}

/** How operations ended. */
export interface Totals {
  ok: number
  refused: number
  unknown: number
}

/** An operation under way; its end with null says that nobody will learn how it ended. */
interface Open {
  readonly process: Process
  readonly life: number
  end(outcome: Outcome | null): void
}

/** What a client was told of a key: its version, and the value that it was written or read with. */
export interface Acknowledged {
  readonly key: string
  readonly version: number
  readonly value: string | null
  /** What a write has replaced; left out where nothing was written. */
  readonly previous?: string | null
  /** Where it was decided, if the answer says so. */
  readonly position?: Position | null
}

/** What a read of `any` was told. */
export interface Glimpse extends Acknowledged {
  /** The version at the node that was asked when it was. */
  readonly least: number
}

/** What clients asked and what they were told, as invariants look at it. */
export interface Testimony {
  readonly history: readonly Operation[]
  /** The keys that were operated on. */
  readonly keys: ReadonlySet<string>
  /** Each write that a node was asked for, and those that were definitely refused, by `writeOf`: no two are alike. */
  readonly issued: ReadonlySet<string>
  readonly refused: ReadonlySet<string>
  /** What was acknowledged, but for reads of `any`, which may be stale. */
  readonly acknowledged: readonly Acknowledged[]
  readonly glimpses: readonly Glimpse[]
  /** What those with sessions were told; null where there are none. */
  readonly sessions: Pick<SessionClients, 'answers' | 'refused' | 'fault'> | null
}

export class Clients implements Testimony {
  readonly history: Operation[] = []
  readonly totals: Totals = { ok: 0, refused: 0, unknown: 0 }
  readonly keys = new Set<string>()
  readonly issued = new Set<string>()
  readonly refused = new Set<string>()
  readonly acknowledged: Acknowledged[] = []
  readonly glimpses: Glimpse[] = []
  /** How many operations a node was asked for. */
  begun = 0
  /** Those that write in sessions. */
  readonly sessions: SessionClients
  stopped = false
  readonly #world: World
  readonly #processes: readonly Process[]
  readonly #workload: Workload
  readonly #open = new Set<Open>()
  #values = 0
  #moment = 0

  constructor(world: World, processes: readonly Process[], workload: Workload) {
    this.#world = world
    this.#processes = processes
    this.#workload = workload
    for (const process of processes) process.onCrash.push((ended) => this.#lose(process, ended))
    this.sessions = this.#sessionClients()
  }

  /** Operations without an answer so far. */
  get pending(): number {
    return this.#open.size + this.sessions.pending
  }

  /** Sets all clients to work until `stopped`. */
  start(): void {
    if (this.#processes[0]!.protocol.sessions !== 'none') {
      for (const key of this.sessions.keys) this.keys.add(key)
      this.sessions.start(this.#world.chooser.below(4))
    }
    for (let client = 0; client < this.#workload.clients; client++) this.#think(client)
  }

  /**
   * One operation of its own, such as a last read; `done` tells how it ended, with null if nobody knows. A read of `any`
   * is no part of the history: it may be stale.
   */
  operate(
    client: number,
    process: Process,
    key: string,
    op: Plain,
    done: (outcome: Outcome | null) => void,
    read: ReadMode = '',
  ): void {
    this.keys.add(key)
    const { life } = process
    if (!process.alive) {
      done({ ok: false, code: 'unavailable', reason: 'no connection' })
      return
    }
    const value = op === 'put' || op === 'empty' ? this.#issue(key, op === 'empty') : null
    const call = ++this.#moment
    const least = process.store!.get(key).version
    const open: Open = {
      process,
      life,
      end: (outcome) => {
        if (!this.#open.delete(open)) return
        if (read === 'any') this.#glimpse(key, least, outcome)
        else this.#record(client, key, value, call, outcome, op === 'get' ? 'get' : 'put')
        done(outcome)
      },
    }
    this.#open.add(open)
    this.begun += 1
    process.submit(commandOf(op, key, value), (outcome) => open.end(outcome), read)
  }

  /** Those clients go away for which `leaves` says so: they never learn what became of their operations. */
  disconnect(leaves: () => boolean): void {
    for (const open of [...this.#open]) if (leaves()) open.end(null)
    this.sessions.disconnect(leaves)
  }

  /** A client whose node dies loses its connection. */
  #lose(process: Process, life: number): void {
    for (const open of [...this.#open]) if (open.process === process && open.life === life) open.end(null)
  }

  /** A value that nobody was to write to this key before: the empty one, if it is wanted and can be. */
  #issue(key: string, empty: boolean): string {
    const value = empty && !this.issued.has(writeOf(key, '')) ? '' : `v${++this.#values}`
    this.issued.add(writeOf(key, value))
    return value
  }

  #sessionClients(): SessionClients {
    const clients = this
    return new SessionClients(this.#world, this.#processes, {
      get stopped() {
        return clients.stopped
      },
      moment: () => ++this.#moment,
      value: (key, empty) => this.#issue(key, empty),
      key: (chooser) => {
        const key = String(chooser.below(this.#workload.keys))
        this.keys.add(key)
        return key
      },
      record: (ended) => this.#recordWrite(ended),
    })
  }

  #think(client: number): void {
    this.#world.after(this.#world.chooser.between(0.1, this.#workload.think), () => {
      const { chooser } = this.#world
      if (this.stopped) return
      this.#ask(client, String(chooser.below(this.#workload.keys)), this.#draw())
    })
  }

  /** Those with sessions delete, too, and know which of their attempts count. */
  #draw(): Plain {
    const { chooser } = this.#world
    if (!chooser.chance(this.#workload.writes)) return 'get'
    const deletes = this.#processes[0]!.protocol.sessions === 'none' && chooser.chance(DELETES)
    if (deletes) return 'delete'
    return chooser.chance(EMPTIES) ? 'empty' : 'put'
  }

  /** Some node; where several take themselves for the leader, one of them, for all but one are behind the times. */
  #doubtful(): Process {
    const leaders = this.#processes.filter(({ replica, id }) => replica?.status().leader === id)
    return this.#world.chooser.pick(leaders.length > 1 ? leaders : this.#processes)
  }

  #ask(client: number, key: string, op: Plain, process = this.#world.chooser.pick(this.#processes)): void {
    const { chooser } = this.#world
    const { reads } = this.#workload
    const ended = (outcome: Outcome | null) => {
      // Who lost its connection may ask again elsewhere at once; without a session that is another operation. And who
      // has written may look at once whether it is there.
      const looks = outcome?.ok && op !== 'get' && chooser.chance(LOOKS)
      if (looks || (outcome === null && chooser.chance(0.5))) {
        this.#world.after(chooser.between(0, 1), () => {
          if (this.stopped) return
          if (looks) this.#ask(client, key, 'get', this.#doubtful())
          else this.#ask(client, key, op)
        })
      } else this.#think(client)
    }
    const read = reads.length > 1 ? chooser.pick(reads) : reads[0]
    this.operate(client, process, key, op, ended, op === 'get' ? read : '')
  }

  /** Counts how an operation ended. */
  #count(outcome: Outcome | null): void {
    if (outcome?.ok) this.totals.ok += 1
    else if (outcome === null || outcome.code === 'unknown') this.totals.unknown += 1
    else this.totals.refused += 1
  }

  #glimpse(key: string, least: number, outcome: Outcome | null): void {
    this.#count(outcome)
    if (!outcome?.ok) return
    const { value, version } = outcome.result
    this.glimpses.push({ key, version, value: value && decoder.decode(value), least })
  }

  #record(
    client: number,
    key: string,
    value: string | null,
    call: number,
    outcome: Outcome | null,
    op: 'get' | 'put',
  ): void {
    const unknown = outcome === null || (!outcome.ok && outcome.code === 'unknown')
    const ok = outcome?.ok === true
    this.#count(outcome)
    const read = ok && outcome.result.value ? decoder.decode(outcome.result.value) : null
    if (ok) {
      const { version, effect } = outcome.result
      const wrote = op === 'put' && effect === 'done'
      const { position } = outcome
      this.acknowledged.push({ key, version, position, ...(wrote ? { value, previous: read } : { value: read }) })
    }
    if (!ok && !unknown && value !== null) this.refused.add(writeOf(key, value))
    this.history.push({
      client: `${client}`,
      key,
      op,
      input: value,
      output: op === 'get' && ok ? read : undefined,
      call,
      return: unknown ? Number.POSITIVE_INFINITY : ++this.#moment,
      outcome: ok ? 'ok' : unknown ? 'unknown' : 'failed',
    })
  }

  /** A compare-and-set that found another version has read; a delete is a write of nothing. */
  #recordWrite({ client, key, value, call, outcome }: Ended): void {
    if (outcome?.ok && outcome.result.effect !== 'done') this.#record(client, key, null, call, outcome, 'get')
    else this.#record(client, key, value, call, outcome, 'put')
  }
}

function commandOf(op: Plain, key: string, value: string | null): Command {
  if (value !== null) return put(key, encoder.encode(value))
  return op === 'delete' ? remove(key) : get(key)
}
