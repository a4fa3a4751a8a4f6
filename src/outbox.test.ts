/** Output commit: what waits for the disk, in which order the rest leaves. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Cluster } from './node-id.ts'
import { Outbox } from './outbox.ts'

const cluster = new Cluster(['1.1', '1.2', '1.3'])
const frame = (n: number) => Uint8Array.of(n)

/** What a flush hands out: `1.2: 1 2` per write, and the notes of actions. */
function flushed(outbox: Outbox, notes: string[]): string[] {
  outbox.flush((to, frames) => notes.push(`${to.name}: ${frames.map(([n]) => n).join(' ')}`))
  return notes.splice(0)
}

describe('Outbox', () => {
  it('makes one write per peer, frames in order, actions last', () => {
    const outbox = new Outbox(3)
    const notes: string[] = []
    outbox.addAction(() => notes.push('first action'), 0, 0)
    outbox.addFrame(cluster.at(2), frame(1), 0, 0)
    outbox.addFrame(cluster.at(1), frame(2), 0, 0)
    outbox.addFrame(cluster.at(2), frame(3), 0, 0)
    outbox.addAction(() => notes.push('second action'), 0, 0)
    expect(flushed(outbox, notes)).toEqual(['1.3: 1 3', '1.2: 2', 'first action', 'second action'])
    expect(flushed(outbox, notes)).toEqual([])
  })

  it('counts the bytes of what waits for the disk, and of the frames that may leave', () => {
    const outbox = new Outbox(3)
    const bytes = () => [outbox.heldBytes > 0, outbox.readyBytes]
    outbox.addFrame(cluster.at(1), new Uint8Array(100), 1, 0)
    const one = outbox.heldBytes
    outbox.addAction(() => {}, 1, 0, 1000)
    expect(outbox.heldBytes - one).toBe(one + 900)
    expect(bytes()).toEqual([true, 0])
    outbox.release(1)
    outbox.addFrame(cluster.at(2), new Uint8Array(50), 0, 1)
    expect(bytes()).toEqual([false, 150])
    outbox.flush(() => {})
    expect(bytes()).toEqual([false, 0])
  })

  it('holds what rests on records that are not on disk, and lets urgent things pass', () => {
    const outbox = new Outbox(3)
    const notes: string[] = []
    outbox.addFrame(cluster.at(1), frame(1), 1, 0)
    outbox.addAction(() => notes.push('answer'), 2, 0)
    outbox.addFrame(cluster.at(1), frame(2), 0, 0)
    outbox.addFrame(cluster.at(1), frame(3), 3, 0)
    expect(outbox.held).toBe(3)
    expect(flushed(outbox, notes)).toEqual(['1.2: 2'])
    outbox.release(1)
    expect(flushed(outbox, notes)).toEqual(['1.2: 1'])
    outbox.release(2)
    expect(flushed(outbox, notes)).toEqual(['answer'])
    expect(outbox.held).toBe(1)
    outbox.release(9)
    expect(flushed(outbox, notes)).toEqual(['1.2: 3'])
    expect(outbox.held).toBe(0)
  })

  it('does not let a write share its list with the next', () => {
    const outbox = new Outbox(3)
    const kept: (readonly Uint8Array[])[] = []
    for (const n of [1, 2]) {
      outbox.addFrame(cluster.at(1), frame(n), 0, 0)
      outbox.flush((_, frames) => kept.push(frames))
    }
    expect(kept.map((frames) => frames.map(([n]) => n))).toEqual([[1], [2]])
  })

  it('leaves what an action adds to the next flush', () => {
    const outbox = new Outbox(3)
    const notes: string[] = []
    outbox.addAction(() => outbox.addAction(() => notes.push('later'), 0, 0), 0, 0)
    expect(flushed(outbox, notes)).toEqual([])
    expect(flushed(outbox, notes)).toEqual(['later'])
  })

  it('never lets an output leave before its gate, and keeps the order of each peer', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const), to: fc.nat(2) }) },
      { weight: 2, arbitrary: fc.constant({ kind: 'persist' as const }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('sync' as const), upTo: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'flush' as const }) },
    )
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 60 }), (steps) => {
        const outbox = new Outbox(3)
        let [persisted, synced] = [0, 0]
        const gates: number[] = []
        const got: number[][] = [[], [], []]
        const flush = () =>
          outbox.flush((to, frames) => {
            for (const [n] of frames) {
              expect(gates[n!]).toBeLessThanOrEqual(synced)
              got[to.index]!.push(n!)
            }
          })
        const sent: number[][] = [[], [], []]
        for (const s of steps) {
          if (s.kind === 'persist') persisted += 1
          else if (s.kind === 'flush') flush()
          else if (s.kind === 'sync') outbox.release((synced = Math.min(persisted, synced + s.upTo)))
          else {
            sent[s.to]!.push(gates.length)
            outbox.addFrame(cluster.at(s.to), frame(gates.length), persisted, synced)
            gates.push(persisted)
          }
        }
        outbox.release((synced = persisted))
        flush()
        expect(got).toEqual(sent)
      }),
      { numRuns: 300 },
    )
  })
})
