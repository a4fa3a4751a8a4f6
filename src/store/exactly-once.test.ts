/** Sessions: each write once, its first answer for every retry, and what is refused; the table as state. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  Command,
  callOf,
  compareAndSet,
  get,
  inSession,
  Op,
  openSession,
  type Place,
  put,
  remove,
  type SessionId,
} from '../command.ts'
import { outcomeOf, type Result } from '../request.ts'
import { ExactlyOnce } from './exactly-once.ts'
import { KeyValueStore } from './kv-store.ts'
import { WINDOW } from './session.ts'

const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const NONCE = 77

function machine(most?: number): ExactlyOnce {
  return new ExactlyOnce(new KeyValueStore(), most)
}

function open(store: ExactlyOnce, nonce = NONCE): SessionId {
  return { number: store.execute(openSession(nonce)).version, nonce }
}

function write(store: ExactlyOnce, session: SessionId, sequence: number, command: Command, acknowledged = 0): Result {
  return store.execute(inSession({ session, sequence, acknowledged }, command))
}

describe('a session', () => {
  it('has a number above all earlier ones', () => {
    const store = machine(2)
    expect([open(store), open(store), open(store)].map(({ number }) => number)).toEqual([1, 2, 3])
  })

  it('executes a write once, and gives every retry the first answer', () => {
    const store = machine()
    const session = open(store)
    const first = write(store, session, 1, put('k', bytes('a')))
    store.execute(put('k', bytes('b')))
    const state = store.get('k')
    expect(write(store, session, 1, put('k', bytes('a')))).toEqual(first)
    expect(first).toEqual({ value: null, version: 1, effect: 'done' })
    expect(store.get('k')).toEqual(state)
  })

  it('takes sequences in any order', () => {
    const store = machine()
    const session = open(store)
    for (const sequence of [3, 1, 2]) write(store, session, sequence, put('k', bytes(`${sequence}`)))
    expect(store.get('k')).toEqual({ value: bytes('2'), version: 3, effect: 'done' })
    for (const [sequence, version] of [
      [1, 2],
      [2, 3],
      [3, 1],
    ] as const)
      expect(write(store, session, sequence, put('k', bytes(`${sequence}`))).version).toBe(version)
  })

  it('keeps what a delete or a compare found, too: a retry must not find something else', () => {
    const store = machine()
    const session = open(store)
    expect(write(store, session, 1, remove('k')).effect).toBe('absent')
    expect(write(store, session, 2, compareAndSet('k', 1, bytes('x'))).effect).toBe('mismatch')
    store.execute(put('k', bytes('a')))
    expect(write(store, session, 1, remove('k')).effect).toBe('absent')
    expect(write(store, session, 2, compareAndSet('k', 1, bytes('x'))).effect).toBe('mismatch')
    expect(store.get('k').version).toBe(1)
  })

  it.each([
    ['value', put('k', bytes('b'))],
    ['key', put('l', bytes('a'))],
    ['operation', remove('k')],
    ['condition', compareAndSet('k', 1, bytes('a'))],
  ])('refuses a sequence that returns with another %s', (_what, other) => {
    const store = machine()
    const session = open(store)
    write(store, session, 1, put('k', bytes('a')))
    const hash = store.hash()
    expect(write(store, session, 1, other).effect).toBe('reused')
    expect(store.hash()).toBe(hash)
  })

  it('tells sessions of one number apart by what they were opened with', () => {
    const store = machine()
    const { number } = open(store)
    expect(write(store, { number, nonce: NONCE + 1 }, 1, put('k', bytes('a'))).effect).toBe('expired')
    expect(store.get('k').version).toBe(0)
  })
})

describe('the window of a session', () => {
  it(`takes ${WINDOW} sequences above what was acknowledged, and no others`, () => {
    const store = machine()
    const session = open(store)
    expect(write(store, session, WINDOW, put('k', bytes('a'))).effect).toBe('done')
    expect(write(store, session, WINDOW + 1, put('k', bytes('b'))).effect).toBe('outside')
    expect(write(store, session, 0, put('k', bytes('b'))).effect).toBe('outside')
    expect(write(store, session, WINDOW + 1, put('k', bytes('b')), 1).effect).toBe('done')
    expect(write(store, session, WINDOW + 2, put('k', bytes('c')), 1).effect).toBe('outside')
    expect(store.get('k').version).toBe(2)
  })

  it('forgets answers that were acknowledged, and executes nothing for them again', () => {
    const store = machine()
    const session = open(store)
    write(store, session, 1, put('k', bytes('a')))
    write(store, session, 2, put('k', bytes('b')), 1)
    expect([...store.sessions.find(session)!.kept].map(({ sequence }) => sequence)).toEqual([2])
    expect(write(store, session, 1, put('k', bytes('a'))).effect).toBe('outside')
    // A late request may name an earlier mark: it never goes back.
    write(store, session, 3, put('k', bytes('c')), 0)
    expect(write(store, session, 1, put('k', bytes('a'))).effect).toBe('outside')
    expect(store.get('k').version).toBe(3)
  })

  it('bounds the bytes that are kept, until the client acknowledges some', () => {
    const store = machine()
    const session = open(store)
    store.execute(put('k', new Uint8Array(5_000_000)))
    const large = put('k', new Uint8Array(5_000_000))
    expect(write(store, session, 1, large).effect).toBe('done')
    expect(write(store, session, 2, large).effect).toBe('done')
    const refused = write(store, session, 3, large)
    expect(refused.effect).toBe('full')
    expect(outcomeOf(refused, null)).toMatchObject({ ok: false, code: 'overloaded' })
    expect(write(store, session, 2, large).effect).toBe('done')
    expect(write(store, session, 3, large, 1).effect).toBe('done')
    expect(store.get('k').version).toBe(4)
  })

  it('has room for the next write above the mark, whatever was executed before it, and once only', () => {
    const store = machine()
    const session = open(store)
    const large = put('k', new Uint8Array(5_000_000))
    store.execute(large)
    for (const sequence of [3, 4]) expect(write(store, session, sequence, large).effect).toBe('done')
    expect(write(store, session, 2, large).effect).toBe('full')
    const first = write(store, session, 1, large)
    expect([first.effect, first.version]).toEqual(['done', 4])
    expect(write(store, session, 1, large)).toEqual(first)
    expect(write(store, session, 2, large).effect).toBe('full')
    expect(write(store, session, 2, large, 1)).toMatchObject({ effect: 'done', version: 5 })
    expect(write(store, session, 5, large, 1).effect).toBe('full')
    expect(write(store, session, 5, large, 4)).toMatchObject({ effect: 'done', version: 6 })
  })
})

describe('the table', () => {
  it('evicts whom nothing was executed for longest, and raises the floor', () => {
    const store = machine(2)
    const [a, b] = [open(store), open(store)]
    write(store, a, 1, put('k', bytes('a')))
    const c = open(store)
    expect([store.sessions.size, store.sessions.floor]).toEqual([2, b.number])
    expect(write(store, b, 1, put('k', bytes('b'))).effect).toBe('expired')
    expect(write(store, a, 1, put('k', bytes('a'))).version).toBe(1)
    // A retry executes nothing, so it does not keep its session alive.
    write(store, c, 1, put('k', bytes('c')))
    write(store, a, 1, put('k', bytes('a')))
    open(store)
    expect(write(store, a, 2, put('k', bytes('d'))).effect).toBe('expired')
    expect(write(store, c, 2, put('k', bytes('d'))).effect).toBe('done')
  })

  it('does not know sessions that were never opened', () => {
    const store = machine()
    expect(write(store, { number: 1, nonce: NONCE }, 1, put('k', bytes('a'))).effect).toBe('expired')
    expect(store.hash()).toBe(0)
  })

  it('evicts sessions for the bytes of their answers, but never the one that writes', () => {
    const store = machine()
    const sessions = Array.from({ length: 12 }, () => open(store))
    store.execute(put('k', new Uint8Array(7_000_000)))
    for (const session of sessions) write(store, session, 1, put('k', new Uint8Array(7_000_000)))
    expect(store.sessions.size).toBe(9)
    expect(store.sessions.floor).toBe(3)
    expect(write(store, sessions[0]!, 2, put('k', bytes('a'))).effect).toBe('expired')
    expect(write(store, sessions[11]!, 2, put('k', bytes('a'))).effect).toBe('done')
  })

  it('takes what no node of ours has packed for an unknown session', () => {
    const store = machine()
    for (const op of [Op.inSession, Op.open])
      expect(store.execute(new Command({ op, key: '', value: Uint8Array.of(255) })).effect).toBe('expired')
    expect(store.hash()).toBe(0)
  })

  it('leaves commands without a session as they are', () => {
    const [store, plain] = [machine(), new KeyValueStore()]
    for (const command of [put('k', bytes('a')), get('k'), compareAndSet('k', 1, bytes('b')), remove('k')])
      expect(store.execute(command)).toEqual(plain.execute(command))
    expect(store.hash()).toBe(plain.hash())
  })

  it('knows keys and writes through a session', () => {
    const store = machine()
    const command = inSession({ session: open(store), sequence: 1, acknowledged: 0 }, put('k', bytes('a')))
    expect([store.keys(command), store.isRead(command)]).toEqual([['k'], false])
    expect([store.keys(openSession(1)), store.isRead(openSession(1))]).toEqual([[], false])
    expect(store.isRead(get('k'))).toBe(true)
  })
})

/** Steps that any two replicas take alike; retries, refusals and evictions among them. */
const steps = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.constant({ open: true as const }) },
    {
      weight: 12,
      arbitrary: fc.record({
        session: fc.integer({ min: 1, max: 6 }),
        sequence: fc.integer({ min: 1, max: 6 }),
        acknowledged: fc.oneof(fc.constant(0), fc.nat(5)),
        key: fc.constantFrom('a', 'b'),
        value: fc.constantFrom('x', 'y', 'longer than the others'),
        op: fc.constantFrom('put', 'delete', 'compare'),
      }),
    },
  ),
  { maxLength: 60 },
)
type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never

function commandOf(step: Step): Command {
  if ('open' in step) return openSession(NONCE)
  const { session: number, sequence, acknowledged, key, value, op } = step
  const place: Place = { session: { number, nonce: NONCE }, sequence, acknowledged }
  if (op === 'delete') return inSession(place, remove(key))
  return inSession(place, op === 'put' ? put(key, bytes(value)) : compareAndSet(key, sequence, bytes(value)))
}

describe('the table as state', () => {
  it('goes through a snapshot at any moment: what follows is answered alike, with equal hashes', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const store = machine(3)
        for (const step of before) store.execute(commandOf(step))
        const copy = machine(3)
        copy.execute(openSession(1))
        copy.restore(store.snapshot())
        expect(copy.hash()).toBe(store.hash())
        for (const step of after) {
          const command = commandOf(step)
          expect(copy.execute(command)).toEqual(store.execute(command))
          expect(copy.hash()).toBe(store.hash())
        }
      }),
    )
  })

  it('shows the moment it was taken at, though writes go on', () => {
    const store = machine()
    const session = open(store)
    write(store, session, 1, put('k', bytes('a')))
    const hash = store.hash()
    const pieces = store.snapshot()
    const first = pieces.next().value!
    write(store, session, 2, put('k', bytes('b')), 1)
    open(store)
    const copy = machine()
    copy.restore([first, ...pieces])
    expect(copy.hash()).toBe(hash)
    expect(write(copy, session, 1, put('k', bytes('a')))).toEqual({ value: null, version: 1, effect: 'done' })
  })

  it('has another hash wherever it has another content', () => {
    const hashes = new Set<number>()
    const variants: ((store: ExactlyOnce, session: SessionId) => void)[] = [
      () => {},
      (store) => void open(store),
      (store, session) => void write(store, session, 1, remove('k')),
      (store, session) => void write(store, session, 2, remove('k')),
      (store, session) => void write(store, session, 1, remove('l')),
      (store, session) => void write(store, session, 1, remove('k'), 5),
      (store, session) => {
        write(store, session, 1, remove('k'))
        write(store, session, 2, remove('k'), 1)
      },
      (store, session) => void write(store, session, 1, compareAndSet('k', 1, null)),
    ]
    for (const variant of variants) {
      const store = machine()
      variant(store, open(store))
      hashes.add(store.hash())
    }
    expect(hashes.size).toBe(variants.length)
  })

  it('refuses a damaged or incomplete table, and stays as it was', () => {
    const store = machine()
    const session = open(store)
    for (let i = 1; i <= 5; i++) write(store, session, i, put('k', bytes(`${i}`)))
    const pieces = [...store.snapshot()]
    const target = machine()
    open(target, 5)
    const hash = target.hash()
    const attempts: Uint8Array[][] = [[], pieces.slice(1), pieces.slice(0, 1), [pieces[0]!, ...pieces]]
    for (let at = 0; at < pieces[0]!.length; at++) {
      const damaged = pieces[0]!.slice()
      damaged[at]! ^= 0x15
      attempts.push([damaged, ...pieces.slice(1)])
    }
    for (const attempt of attempts) {
      let refused = false
      try {
        target.restore(attempt)
      } catch (error) {
        refused = (error as { code?: string }).code === 'malformed'
        if (!refused) throw error
      }
      // A flip in a field that nobody reads may pass; then it is the same table.
      expect(target.hash()).toBe(refused ? hash : store.hash())
      if (!refused) target.restore(fresh(5))
    }
    expect(callOf(new Command({ op: Op.inSession, key: '', value: pieces[0]! }))).toBeNull()
  })

  it('releases the machine’s snapshot when its reader gives up before the end', () => {
    let released = 0
    const inner = new KeyValueStore()
    const snapshot = inner.snapshot.bind(inner)
    inner.snapshot = (size) => {
      const pieces = snapshot(size)
      const end = pieces.return!.bind(pieces)
      pieces.return = (value) => {
        released += 1
        return end(value)
      }
      return pieces
    }
    const store = new ExactlyOnce(inner)
    const unread = store.snapshot()
    unread.return!()
    expect(released).toBe(1)
    for (const _ of store.snapshot()) break
    expect(released).toBe(2)
  })
})

/** The pieces of a machine with one session of this nonce. */
function fresh(nonce: number): Uint8Array[] {
  const store = machine()
  open(store, nonce)
  return [...store.snapshot()]
}
