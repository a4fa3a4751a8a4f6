/** The session table in many pieces. */
import { expect, it } from 'vitest'
import { readSessions, sessionPieces } from './session-pieces.ts'
import { Sessions } from './sessions.ts'

function table(): Sessions {
  const sessions = new Sessions()
  for (let i = 0; i < 4; i++) {
    const session = sessions.find({ number: sessions.open(i), nonce: i })!
    for (let sequence = 1; sequence <= 5; sequence++) {
      const value = sequence % 2 === 0 ? null : new Uint8Array(sequence * 10).fill(i)
      sessions.keep(session, { sequence, fingerprint: i, result: { value, version: sequence, effect: 'done' } })
    }
    sessions.acknowledge(session, i)
  }
  return sessions
}

it.each([
  [1, 15],
  [300, 5],
  [1_000_000, 1],
])('survives pieces of about %d bytes, and reads not one piece too many', (size, count) => {
  const sessions = table()
  const pieces = [...sessionPieces(sessions, size)]
  expect(pieces.length).toBe(count)
  const rest = Uint8Array.of(1)
  const iterator = [...pieces, rest][Symbol.iterator]()
  const read = readSessions(iterator, new Sessions())
  expect(iterator.next().value).toBe(rest)
  expect(read.hash()).toBe(sessions.hash())
  expect([read.opened, read.size, read.executions]).toEqual([sessions.opened, 4, sessions.executions])
  expect([...read.all].map(({ bytes }) => bytes)).toEqual([...sessions.all].map(({ bytes }) => bytes))
})

it('refuses pieces that are missing, repeated, out of order, or of another table', () => {
  const pieces = [...sessionPieces(table(), 1)]
  const other = table()
  other.open(9)
  const foreign = [...sessionPieces(other, 1)]
  const read = (some: readonly Uint8Array[]) => () => readSessions(some[Symbol.iterator](), new Sessions())
  for (let i = 0; i < pieces.length; i++) {
    expect(read(pieces.toSpliced(i, 1))).toThrow(expect.objectContaining({ code: 'malformed' }))
    if (i < pieces.length - 1)
      expect(read(pieces.toSpliced(i, 0, pieces[i]!))).toThrow(expect.objectContaining({ code: 'malformed' }))
    else expect(read(pieces.with(i, foreign[i]!))).toThrow(expect.objectContaining({ code: 'malformed' }))
  }
})
