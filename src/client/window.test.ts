/** The window of a session, by itself: who may send, who waits, and in which order they go on. */
import { describe, expect, it } from 'vitest'
import { Deadline } from './deadline.ts'
import { Window } from './window.ts'

const SOME_TIME = 60_000

/** A window with so many sequences under way. */
async function windowOf(count: number): Promise<Window> {
  const window = new Window()
  for (let i = 1; i <= count; i++) expect(await window.next(new Deadline(SOME_TIME))).toBe(i)
  return window
}

/** What has been given so far; waiting ones are told within a turn. */
function collect(promises: readonly Promise<number | null>[]): (number | null)[] {
  const told: (number | null)[] = []
  for (const promise of promises) void promise.then((sequence) => told.push(sequence))
  return told
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('a window', () => {
  it('gives 1,024 sequences above the mark, and further ones in their order as the mark moves', async () => {
    const window = await windowOf(1024)
    const told = collect([1, 2, 3].map(() => window.next(new Deadline(SOME_TIME))))
    window.end(2)
    await turn()
    expect([window.acknowledged, told]).toEqual([0, []])
    window.end(1)
    await turn()
    expect([window.acknowledged, told]).toEqual([2, [1025, 1026]])
    window.end(3)
    await turn()
    expect(told).toEqual([1025, 1026, 1027])
  })

  it('gives no sequence to those whose time is over', async () => {
    const window = await windowOf(1024)
    expect(await window.next(new Deadline(1))).toBeNull()
    const told = collect([window.next(new Deadline(SOME_TIME))])
    window.end(1)
    await turn()
    expect(told).toEqual([1025])
  })

  it('once narrowed, holds back all but the oldest until the mark moves', async () => {
    const window = await windowOf(8)
    for (let sequence = 8; sequence > 0; sequence--) window.narrow(sequence)
    const told = collect([8, 7, 2, 1].map((sequence) => window.again(sequence, new Deadline(SOME_TIME))))
    const fresh = collect([window.next(new Deadline(SOME_TIME))])
    expect(await window.again(5, new Deadline(1))).toBeNull()
    await turn()
    expect(told).toEqual([1])
    window.end(1)
    await turn()
    expect(told).toEqual([1, 2])
    for (const sequence of [2, 3, 4]) window.end(sequence)
    await turn()
    expect([told, fresh]).toEqual([[1, 2, 7, 8], [9]])
  })

  it('widens again with each end, up to what the cluster takes', async () => {
    const window = await windowOf(2)
    window.narrow(2)
    for (let sequence = 1; sequence <= 3000; sequence++) {
      window.end(sequence)
      await window.next(new Deadline(SOME_TIME))
    }
    const told = collect(Array.from({ length: 1100 }, () => window.next(new Deadline(SOME_TIME))))
    await turn()
    expect(told.length).toBe(1022)
    for (let sequence = 3001; sequence <= 4200; sequence++) window.end(sequence)
  })
})
