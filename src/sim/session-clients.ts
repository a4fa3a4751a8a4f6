/**
 * Simulated clients with sessions. They lose answers, ask again elsewhere while the first attempt is still under way,
 * and now and then repeat what was answered long ago: each write must be executed once for all that, and every answer to
 * it must be the same. The history has one operation for each.
 */
import {
  ABSENT,
  type Command,
  compareAndSet,
  inSession,
  openSession,
  type Place,
  put,
  remove,
  type SessionId,
} from '../command.ts'
import type { Outcome, Result } from '../request.ts'
import type { Random } from '../seams.ts'
import type { Chooser } from './chooser.ts'
import type { Process } from './process.ts'
import type { RunTrace } from './trace.ts'
import type { World } from './world.ts'
import { EMPTIES, writeOf } from './writes.ts'

const encoder = new TextEncoder()

/** The most attempts of a write; then its client gives up. */
const ATTEMPTS = 25

/** The keys that are deleted and compared, too: no other client has them, so that histories stay easy to judge. */
const OWN_KEYS = ['session 0', 'session 1']

/** How a write ended, for the history. */
export interface Ended {
  readonly client: number
  readonly key: string
  /** What was written; null for a delete. */
  readonly value: string | null
  /** The moment of the call. */
  readonly call: number
  /** Null when nobody knows. */
  readonly outcome: Outcome | null
}

/** What the session clients share with the others. */
export interface Ledger {
  readonly stopped: boolean
  /** The next moment, and the next value, which is to be written to `key`: both are given once. `empty`: rather that. */
  moment(): number
  value(key: string, empty: boolean): string
  /** A key that all clients use. */
  key(chooser: Chooser): string
  record(ended: Ended): void
}

/** A write on its way through its attempts. */
interface Writing {
  readonly client: number
  readonly place: Place
  readonly key: string
  readonly value: string | null
  /** The version that the key must have, for a compare-and-set. */
  readonly expected: number | null
  readonly command: Command
  readonly call: number
  attempts: number
  /** Whether some attempt may have been executed, for all that its client was told. */
  doubt: boolean
  ended: boolean
}

/** An attempt under way; its end with null says that its client will not hear of it. */
interface Asked {
  readonly process: Process
  readonly life: number
  readonly end: (outcome: Outcome | null) => void
}

/** An answer to a write, in or out of time. */
export interface SessionAnswer {
  readonly name: string
  readonly key: string
  readonly value: string | null
  readonly result: Result
}

/** One client, with the session it has at the time. */
class Owner {
  readonly chooser: Chooser
  session: SessionId | null = null
  last = 0
  readonly open = new Set<number>()
  /** A write that was answered long ago. */
  old: Writing | null = null
  /** The version of each key that this client knows of. */
  readonly versions = new Map<string, number>()

  constructor(chooser: Chooser) {
    this.chooser = chooser
  }

  get acknowledged(): number {
    return Math.min(this.last, ...[...this.open].map((sequence) => sequence - 1))
  }

  begin(session: SessionId): void {
    this.session = session
    this.last = 0
    this.open.clear()
    this.old = null
  }
}

export class SessionClients {
  /** Writes without an end so far. */
  pending = 0
  /** All answers, also those that came when their write had ended. */
  readonly answers: SessionAnswer[] = []
  /** What a client was told that it must not be told. */
  fault: string | null = null
  /** The writes that were certainly not done. */
  readonly refused = new Set<string>()
  readonly keys: readonly string[] = OWN_KEYS
  /** How many clients are at work. */
  size = 0
  /** Told of attempts and their answers. */
  trace: RunTrace | null = null
  readonly #world: World
  readonly #processes: readonly Process[]
  readonly #ledger: Ledger
  readonly #asked = new Set<Asked>()
  /** Names the sessions: no two may be alike. */
  readonly #names: Random

  constructor(world: World, processes: readonly Process[], ledger: Ledger) {
    this.#world = world
    this.#processes = processes
    this.#ledger = ledger
    this.#names = world.chooser.own('sessions')
    for (const process of processes) {
      process.onCrash.push((ended) => this.#lose((asked) => asked.process === process && asked.life === ended))
    }
  }

  /** Those connections break for which `leaves` says so. */
  disconnect(leaves: () => boolean): void {
    this.#lose(leaves)
  }

  #lose(lost: (asked: Asked) => boolean): void {
    for (const asked of [...this.#asked]) if (lost(asked)) asked.end(null)
  }

  /** Sets `count` clients to work but for those that a script leaves out, each with up to three writes at a time. */
  start(count: number): void {
    for (let i = 0; i < count; i++) {
      const chooser = this.#world.chooser.step('session client', i)
      if (!chooser) continue
      this.size += 1
      const owner = new Owner(chooser)
      const lanes = 1 + chooser.below(3)
      for (let lane = 0; lane < lanes; lane++) this.#think(2000 + 10 * i + lane, owner)
    }
  }

  #think(client: number, owner: Owner): void {
    this.#world.after(owner.chooser.between(1, 60), () => {
      if (this.#ledger.stopped) return
      if (owner.session) this.#write(client, owner, owner.session)
      else this.#open(client, owner)
    })
  }

  #open(client: number, owner: Owner): void {
    const nonce = this.#names.below(2 ** 32)
    this.#ask(owner, client, openSession(nonce), 'open a session', (outcome) => {
      // Another lane may have been faster; this session is then never used.
      if (outcome?.ok && !owner.session) owner.begin({ number: outcome.result.version, nonce })
      this.#think(client, owner)
    })
  }

  #write(client: number, owner: Owner, session: SessionId): void {
    const { chooser } = owner
    const own = chooser.chance(0.5)
    const key = own ? chooser.pick(OWN_KEYS) : this.#ledger.key(chooser)
    const value = own && chooser.chance(0.3) ? null : this.#ledger.value(key, chooser.chance(EMPTIES))
    const bytes = value === null ? null : encoder.encode(value)
    const sequence = ++owner.last
    owner.open.add(sequence)
    const place = { session, sequence, acknowledged: owner.acknowledged }
    const plain = bytes === null ? remove(key) : put(key, bytes)
    const compared = own && chooser.chance(0.4)
    const expected = compared ? (owner.versions.get(key) ?? ABSENT) : null
    const write = expected === null ? plain : compareAndSet(key, expected, bytes)
    const command = inSession(place, write)
    const call = this.#ledger.moment()
    const writing = { client, place, key, value, expected, command, call, attempts: 0, doubt: false, ended: false }
    this.pending += 1
    this.#attempt(owner, writing)
    if (owner.old && chooser.chance(0.1)) this.#repeat(owner, owner.old)
  }

  #attempt(owner: Owner, writing: Writing): void {
    const { chooser } = owner
    writing.attempts += 1
    const lost = chooser.chance(0.2)
    let heard = false
    this.#ask(owner, writing.client, writing.command, textOf(writing), (outcome) => {
      heard = true
      this.#note(writing, outcome)
      this.#hear(owner, writing, lost && writing.attempts < ATTEMPTS ? null : outcome)
    })
    // The same session from two places.
    if (!chooser.chance(0.2)) return
    this.#world.after(chooser.between(0, 400), () => {
      if (!heard && !writing.ended && writing.attempts < ATTEMPTS) this.#attempt(owner, writing)
    })
    writing.doubt = true
  }

  #hear(owner: Owner, writing: Writing, outcome: Outcome | null): void {
    if (writing.ended) return
    if (outcome?.ok) {
      const { effect, value, version } = outcome.result
      const present = effect === 'done' ? writing.value !== null : value !== null
      owner.versions.set(writing.key, present ? version : ABSENT)
      owner.old = writing
      this.#end(owner, writing, outcome)
      return
    }
    writing.doubt ||= outcome === null || outcome.code === 'unknown'
    const expired = outcome?.code === 'expired'
    if (expired && owner.session === writing.place.session) owner.session = null
    if (expired || writing.attempts >= ATTEMPTS) this.#end(owner, writing, writing.doubt ? null : outcome)
    else {
      this.#world.after(owner.chooser.between(0, 100), () => {
        if (!writing.ended) this.#attempt(owner, writing)
      })
    }
  }

  #end(owner: Owner, writing: Writing, outcome: Outcome | null): void {
    const { client, key, value, call } = writing
    writing.ended = true
    this.pending -= 1
    if (owner.session === writing.place.session) owner.open.delete(writing.place.sequence)
    if (outcome && value !== null && (!outcome.ok || outcome.result.effect !== 'done'))
      this.refused.add(writeOf(key, value))
    this.#ledger.record({ client, key, value, call, outcome })
    this.#think(client, owner)
  }

  /** An attempt that comes long after the write has ended: it must do nothing. */
  #repeat(owner: Owner, old: Writing): void {
    if (owner.chooser.chance(0.2)) {
      this.#misuse(owner, old)
      return
    }
    this.#ask(owner, old.client, old.command, `again ${textOf(old)}`, (outcome) => this.#note(old, outcome))
  }

  /** A client's mistake: another write under the number of one that has ended. It must be refused, and never done. */
  #misuse(owner: Owner, { client, key, place }: Writing): void {
    const value = this.#ledger.value(key, false)
    const command = inSession(place, put(key, encoder.encode(value)))
    this.#ask(owner, client, command, `put ${key}=${value} as ${nameOf(place)}`, (outcome) => {
      if (outcome?.ok) this.fault ??= `${nameOf(place)} was answered, for another write than it was`
      else if (outcome && outcome.code !== 'unknown') this.refused.add(writeOf(key, value))
    })
  }

  /** Keeps an answer for the invariant. */
  #note({ place, key, value, expected, ended }: Writing, outcome: Outcome | null): void {
    const name = nameOf(place)
    if (outcome?.ok) {
      this.answers.push({ name, key, value, result: outcome.result })
      if (expected !== null && !obeys(expected, outcome.result))
        this.fault ??= `${name} was to find version ${expected} of key ${key}, and was ${textOfResult(outcome.result)}`
    } else if (outcome?.code === 'conflict' && !ended)
      this.fault ??= `${name} was refused as used or acknowledged before`
  }

  /** Asks a node, if it lives. A client whose node dies loses its connection. */
  #ask(
    { chooser }: Owner,
    client: number,
    command: Command,
    text: string,
    done: (outcome: Outcome | null) => void,
  ): void {
    const process = chooser.pick(this.#processes)
    const { life } = process
    this.trace?.asked(client, process.id, text)
    const told = (outcome: Outcome | null) => {
      this.trace?.answered(client, process.id, text, outcome, false)
      done(outcome)
    }
    if (!process.alive) {
      told({ ok: false, code: 'unavailable', reason: 'no connection' })
      return
    }
    const asked: Asked = {
      process,
      life,
      end: (outcome) => {
        if (this.#asked.delete(asked)) told(outcome)
      },
    }
    this.#asked.add(asked)
    process.submit(command, asked.end)
  }
}

/** A write in a trace; whether it compares versions is not said. */
function textOf({ place, key, value }: Writing): string {
  return `${value === null ? `delete ${key}` : `put ${key}=${value}`}, ${nameOf(place)}`
}

/** Whether a compare-and-set did what it had to: a write adds one to the version, and one that fails tells what it found. */
function obeys(expected: number, { effect, value, version }: Result): boolean {
  const found = effect === 'done' && expected !== ABSENT ? version - 1 : value === null ? ABSENT : version
  return (found === expected) === (effect !== 'mismatch')
}

function textOfResult({ effect, value, version }: Result): string {
  return `${effect} at version ${version}, with ${value === null ? 'nothing' : 'a value'} there`
}

function nameOf({ sequence, session }: Place): string {
  return `write ${sequence} of session ${session.number}`
}
