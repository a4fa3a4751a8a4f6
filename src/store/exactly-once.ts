/**
 * A state machine in which writes of a session are executed once, however often they are ordered. It stands before any
 * other machine, and its table of sessions is part of the state: of the hash, and of each snapshot.
 *
 * A retry may be ordered beside its first attempt, in one batch even, or long after it: what decides is the position at
 * which a command is executed, so whoever ordered it need not know.
 */
import { type Command, callOf, nonceOf, Op } from '../command.ts'
import type { Effect, Result } from '../request.ts'
import { Digest, joined } from './digest.ts'
import { readSessions, sessionPieces } from './session-pieces.ts'
import { Sessions } from './sessions.ts'
import type { StateMachine } from './state-machine.ts'

export class ExactlyOnce implements StateMachine {
  /** The sessions known. */
  sessions: Sessions
  readonly #machine: StateMachine
  readonly #mostSessions: number | undefined

  /** @param mostSessions how many sessions are known at once; all nodes of a cluster must have the same bound */
  constructor(machine: StateMachine, mostSessions?: number) {
    this.#machine = machine
    this.#mostSessions = mostSessions
    this.sessions = new Sessions(mostSessions)
  }

  execute(command: Command): Result {
    const { op } = command
    if (op < Op.open) return this.#machine.execute(command)
    if (op === Op.inSession) return this.#once(command)
    if (op === Op.open) return this.#open(command)
    return this.#machine.execute(command)
  }

  get(key: string): Result {
    return this.#machine.get(key)
  }

  set(key: string, value: Uint8Array | null, version: number): Result {
    return this.#machine.set(key, value, version)
  }

  /** The sessions' pieces, then the machine's; both show this moment. */
  snapshot(): IterableIterator<Uint8Array, undefined> {
    return new Chain(sessionPieces(this.sessions), this.#machine.snapshot()[Symbol.iterator]())
  }

  restore(pieces: Iterable<Uint8Array>): void {
    const iterator = pieces[Symbol.iterator]()
    try {
      const sessions = readSessions(iterator, new Sessions(this.#mostSessions))
      this.#machine.restore({ [Symbol.iterator]: () => iterator })
      this.sessions = sessions
    } finally {
      iterator.return?.()
    }
  }

  keys(command: Command): readonly string[] {
    if (command.op === Op.open) return []
    return command.op === Op.inSession ? [command.key] : this.#machine.keys(command)
  }

  isRead(command: Command): boolean {
    return command.op !== Op.open && command.op !== Op.inSession && this.#machine.isRead(command)
  }

  hash(): number {
    const sum = this.#machine.hash() + this.sessions.hash()
    return sum > Number.MAX_SAFE_INTEGER ? sum - 2 ** 53 : sum
  }

  #open(command: Command): Result {
    const nonce = nonceOf(command)
    return nonce === null ? refused('expired') : { value: null, version: this.sessions.open(nonce), effect: 'done' }
  }

  #once(outer: Command): Result {
    const call = callOf(outer)
    const session = call && this.sessions.find(call.place.session)
    if (!session) return refused('expired')
    const { place, command } = call
    const { sequence, acknowledged } = place
    this.sessions.acknowledge(session, acknowledged)
    if (!session.admits(sequence)) return refused('outside')
    const fingerprint = fingerprintOf(command)
    const kept = session.find(sequence)
    if (kept) return kept.fingerprint === fingerprint ? kept.result : refused('reused')
    if (!session.hasRoom(sequence)) return refused('full')
    const result = this.#machine.execute(command)
    this.sessions.keep(session, { sequence, fingerprint, result })
    return result
  }
}

/** Two iterators, one after the other. Giving up releases both. */
class Chain implements IterableIterator<Uint8Array, undefined> {
  readonly #parts: readonly Iterator<Uint8Array>[]

  constructor(...parts: Iterator<Uint8Array>[]) {
    this.#parts = parts
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Uint8Array, undefined> {
    for (const part of this.#parts) {
      const next = part.next()
      if (!next.done) return next
    }
    return { done: true, value: undefined }
  }

  return(): IteratorResult<Uint8Array, undefined> {
    for (const part of this.#parts) part.return?.()
    return { done: true, value: undefined }
  }
}

function refused(effect: Effect): Result {
  return { value: null, version: 0, effect }
}

/** Two commands of a client have the same by mistake only, and once in 2^53 at that. */
function fingerprintOf({ op, key, value }: Command): number {
  const { low, high } = new Digest().number(op).text(key).bytes(value).finish()
  return joined(low, high)
}
