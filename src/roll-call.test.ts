/** How a cluster starts, and who is told that it has forgotten. */
import { describe, expect, it } from 'vitest'
import { AFTER, BEFORE, Explorer, type View } from '../test/support/roll-call-explorer.ts'
import { Cluster } from './node-id.ts'
import { Announce } from './node-messages.ts'
import { Xoshiro } from './parts/xoshiro.ts'
import type { Memory } from './replica.ts'
import { RollCall } from './roll-call.ts'

const announce = (incarnation: number, seen: readonly number[], founded = false) =>
  new Announce({ incarnation, seen, founded })

/** The roll calls of a cluster, with incarnations 10, 20, 30 … and the means to let one hear another. */
function cluster(size: number) {
  const { members } = new Cluster(Array.from({ length: size }, (_, index) => `1.${index + 1}`))
  const calls = members.map((id) => new RollCall(id, size, (id.index + 1) * 10))
  const incarnations = members.map((id) => (id.index + 1) * 10)
  const memories: (Memory | null)[] = members.map(() => null)
  const said = (from: number) => announce(incarnations[from]!, calls[from]!.seen, calls[from]!.founded)
  const hear = (to: number, from: number, m = said(from)) => {
    const memory = calls[to]!.hear(m, members[from]!)
    memories[to] ??= memory
    return memory
  }
  const restart = (index: number, incarnation: number) => {
    incarnations[index] = incarnation
    memories[index] = null
    calls[index] = new RollCall(members[index]!, size, incarnation)
  }
  const rounds = (count: number) => {
    for (let round = 0; round < count; round++) {
      for (let to = 0; to < size; to++) for (let from = 0; from < size; from++) if (to !== from) hear(to, from)
    }
  }
  return { members, calls, memories, said, hear, restart, rounds }
}

describe('a new cluster', () => {
  it('of one starts alone', () => {
    const { calls } = cluster(1)
    expect(calls[0]!.settle()).toBe('blank')
    expect(calls[0]!).toMatchObject({ founded: true, seen: [10], missing: [] })
  })

  it.each([2, 3, 5])('of %d starts blank everywhere, with one table', (size) => {
    const { calls, memories, rounds } = cluster(size)
    rounds(4)
    expect(memories).toEqual(Array(size).fill('blank'))
    for (const call of calls) expect(call.seen).toEqual(calls.map((_, index) => (index + 1) * 10))
  })

  it('does not start while one member is missing, and says which', () => {
    const { calls, memories, hear } = cluster(3)
    for (let round = 0; round < 4; round++) {
      hear(0, 1)
      hear(1, 0)
    }
    expect(memories).toEqual([null, null, null])
    expect(calls[0]!.settle()).toBeNull()
    expect(calls[0]!.missing).toEqual([2])
    expect(calls[2]!.missing).toEqual([0, 1])
  })

  it('does not start on knowing all: the others must have said that they know all', () => {
    const { calls, hear } = cluster(3)
    expect(hear(0, 1)).toBeNull()
    expect(hear(0, 2)).toBeNull()
    expect(calls[0]!.missing).toEqual([])
    expect(calls[0]!.settle()).toBeNull()
    expect(hear(0, 1, announce(20, [10, 20, 30]))).toBeNull()
    expect(hear(0, 2, announce(30, [10, 20, 30]))).toBe('blank')
  })

  it('ignores a table of another size', () => {
    const { calls, hear } = cluster(2)
    expect(hear(0, 1, announce(20, [10, 20, 30], true))).toBeNull()
    expect(hear(0, 1, announce(20, [], true))).toBeNull()
    expect(calls[0]!).toMatchObject({ founded: false, seen: [10, 0] })
  })
})

describe('a member that restarts without its memory', () => {
  it('before the start: the cluster starts with the new incarnation', () => {
    const { memories, calls, hear, restart, rounds } = cluster(3)
    hear(1, 0)
    hear(2, 0)
    restart(0, 11)
    rounds(4)
    expect(memories).toEqual(['blank', 'blank', 'blank'])
    for (const call of calls) expect(call.seen).toEqual([11, 20, 30])
  })

  it('after the start: it has lost its memory, also when it restarts again', () => {
    const { memories, calls, hear, restart, rounds } = cluster(3)
    rounds(4)
    for (const incarnation of [11, 12]) {
      restart(0, incarnation)
      expect(hear(0, 2)).toBe('lost')
      expect(memories[0]).toBe('lost')
      expect(calls[0]!.seen).toEqual([10, 20, 30])
    }
  })

  it('and learns so from another that has lost its own', () => {
    const { hear, restart, rounds } = cluster(3)
    rounds(4)
    restart(0, 11)
    hear(0, 2)
    restart(1, 21)
    expect(hear(1, 0)).toBe('lost')
  })

  it('while all others wait too: all that restart together are blank, for nobody is left who knows', () => {
    const { memories, restart, rounds } = cluster(2)
    rounds(3)
    restart(0, 11)
    restart(1, 21)
    rounds(4)
    expect(memories).toEqual(['blank', 'blank'])
  })

  it('is believed dead: what its earlier life sent changes nothing any more', () => {
    const { calls, hear } = cluster(3)
    hear(1, 0, announce(10, [10, 0, 0]))
    hear(1, 0, announce(11, [11, 0, 0]))
    expect(hear(1, 0, announce(10, [10, 20, 30]))).toBeNull()
    expect(calls[1]!.seen).toEqual([11, 20, 0])
  })

  it('no member that has announced its new incarnation starts from the old', () => {
    const { calls, hear } = cluster(3)
    hear(1, 0, announce(10, [10, 20, 30]))
    hear(1, 0, announce(11, [11, 0, 0]))
    expect(hear(1, 2, announce(30, [10, 20, 30]))).toBeNull()
    expect(hear(1, 0, announce(10, [10, 20, 30]))).toBeNull()
    expect(calls[1]!.founded).toBe(false)
    expect(hear(1, 2, announce(30, [11, 20, 30]))).toBeNull()
    expect(hear(1, 0, announce(11, [11, 20, 30]))).toBe('blank')
  })
})

describe('once started', () => {
  it('the table never changes', () => {
    const { calls, hear, rounds } = cluster(2)
    rounds(3)
    for (const m of [announce(21, [10, 21]), announce(21, [11, 21], true), announce(20, [0, 20])]) {
      expect(hear(0, 1, m)).toBeNull()
    }
    expect(calls[0]!.seen).toEqual([10, 20])
  })

  it('a latecomer with the announced incarnation is blank, and one with another has forgotten', () => {
    for (const [incarnation, memory] of [
      [30, 'blank'],
      [31, 'lost'],
    ] as const) {
      const { hear, restart } = cluster(3)
      restart(2, incarnation)
      expect(hear(2, 0, announce(10, [10, 20, 30], true))).toBe(memory)
    }
  })
})

/** The first member is blank a second time, although somebody has started with its first incarnation. */
const forgotten = ({ restarted, startedBefore, members: [first, ...others] }: View): boolean =>
  restarted &&
  startedBefore &&
  first!.memory === 'blank' &&
  others.some(({ memory, seen }) => memory && seen[0] === BEFORE)

/** Two members are blank by different tables. */
const split = ({ members }: View): boolean =>
  new Set(members.filter(({ memory }) => memory === 'blank').map(({ seen }) => seen.join())).size > 1

describe('every order of announcements, with one restart', () => {
  it('two members: nobody is blank twice that another has started with, and in the end all have started', () => {
    const explorer = new Explorer(2, true)
    const ends = new Set<string>()
    let count = 0
    for (const moment of explorer.moments()) {
      count += 1
      const view = explorer.view(moment)
      expect([forgotten(view), split(view)]).toEqual([false, false])
      ends.add(
        explorer
          .view(explorer.calm(moment))
          .members.map(({ memory, seen }) => `${memory} ${seen[0]}`)
          .join(),
      )
    }
    expect(count).toBeGreaterThan(300)
    expect([...ends].sort()).toEqual([
      `blank ${BEFORE},blank ${BEFORE}`,
      `blank ${AFTER},blank ${AFTER}`,
      `lost ${BEFORE},blank ${BEFORE}`,
    ])
  })

  it('three members: the same on many random ways', () => {
    const explorer = new Explorer(3, true)
    const random = new Xoshiro(3)
    const ends = new Set<string>()
    for (let run = 0; run < 400; run++) {
      let last = null
      for (const moment of explorer.walk(random, 10 + random.below(80))) {
        last = moment
        const view = explorer.view(moment)
        if (forgotten(view) || split(view)) throw new Error(JSON.stringify(view))
      }
      ends.add(
        explorer
          .view(explorer.calm(last!))
          .members.map(({ memory }) => memory)
          .join(),
      )
    }
    expect([...ends].sort()).toEqual(['blank,blank,blank', 'lost,blank,blank'])
  })
})

describe('defects', () => {
  it.fails('two members, when what the earlier life has sent may overtake: nobody is blank twice', () => {
    const explorer = new Explorer(2, false)
    for (const moment of explorer.moments()) if (forgotten(explorer.view(moment))) throw new Error('blank twice')
  })

  it.fails('two members, when what the earlier life has sent may overtake: in the end all have started', () => {
    const explorer = new Explorer(2, false)
    for (const moment of explorer.moments()) {
      const view = explorer.view(explorer.calm(moment))
      if (view.members.some(({ memory }) => memory === null)) throw new Error('never starts')
    }
  })

  it.fails('an announcement of an earlier life that comes late does not retire the present one', () => {
    const { calls, hear } = cluster(2)
    hear(1, 0, announce(11, [11, 0]))
    hear(1, 0, announce(10, [10, 0]))
    hear(1, 0, announce(11, [11, 20]))
    hear(1, 0, announce(11, [11, 20]))
    expect(calls[1]!.seen).toEqual([11, 20])
  })

  it.fails('members do not take a bootstrapped peer’s table, which does not know them, for proof that they forgot', () => {
    const { hear } = cluster(3)
    expect(hear(1, 0, announce(10, [10, 0, 0], true))).not.toBe('lost')
  })
})
