/** How a cluster starts, and who is told that it has forgotten. */
import { describe, expect, it } from 'vitest'
import { Explorer, firstIncarnation, type View } from '../test/support/roll-call-explorer.ts'
import { Cluster } from './node-id.ts'
import { Announce } from './node-messages.ts'
import { Xoshiro } from './parts/xoshiro.ts'
import type { Memory } from './replica.ts'
import { FORGOTTEN, RollCall } from './roll-call.ts'

/** The roll calls of a cluster, with incarnations 10, 20, 30 … and the means to let one hear another. */
function cluster(size: number) {
  const { members } = new Cluster(Array.from({ length: size }, (_, index) => `1.${index + 1}`))
  const begin = (index: number, incarnation: number) =>
    new RollCall(members[index]!, size, incarnation, new Xoshiro(incarnation))
  const calls = members.map(({ index }) => begin(index, firstIncarnation(index)))
  const memories: (Memory | null)[] = members.map(() => null)
  const said = (to: number, from: number) => calls[from]!.announcement(members[to]!)
  /** What a peer could say that has heard the receiver's present challenge. */
  const words = (to: number, from: number, incarnation: number, seen: readonly number[], founding = 0) => {
    const echo = said(from, to).challenge
    return new Announce({ incarnation, seen, founding, challenge: 7000 + incarnation, echo })
  }
  const hear = (to: number, from: number, m = said(to, from)) => {
    const memory = calls[to]!.hear(m, members[from]!)
    memories[to] ??= memory
    return memory
  }
  const restart = (index: number, incarnation: number) => {
    memories[index] = null
    calls[index] = begin(index, incarnation)
  }
  const rounds = (count: number) => {
    for (let round = 0; round < count; round++) {
      for (let to = 0; to < size; to++) for (let from = 0; from < size; from++) if (to !== from) hear(to, from)
    }
  }
  return { members, calls, memories, said, words, hear, restart, rounds }
}

describe('a new cluster', () => {
  it('of one starts alone', () => {
    const { calls } = cluster(1)
    expect(calls[0]!.settle()).toBe('blank')
    expect(calls[0]!).toMatchObject({ founding: 10, seen: [10], missing: [] })
  })

  it.each([2, 3, 5])('of %d starts blank everywhere, with one table', (size) => {
    const { calls, memories, rounds } = cluster(size)
    rounds(6)
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
    const { calls, hear, words } = cluster(3)
    expect(hear(0, 1, words(0, 1, 20, [0, 20, 0]))).toBeNull()
    expect(hear(0, 2, words(0, 2, 30, [0, 0, 30]))).toBeNull()
    expect(calls[0]!.missing).toEqual([])
    expect(calls[0]!.settle()).toBeNull()
    expect(hear(0, 1, words(0, 1, 20, [10, 20, 30]))).toBeNull()
    expect(hear(0, 2, words(0, 2, 30, [10, 20, 30]))).toBe('blank')
  })

  it('ignores a table of another size', () => {
    const { calls, hear, words } = cluster(2)
    expect(hear(0, 1, words(0, 1, 20, [10, 20, 30], 10))).toBeNull()
    expect(hear(0, 1, words(0, 1, 20, [], 10))).toBeNull()
    expect(calls[0]!).toMatchObject({ founding: 0, seen: [10, 0] })
  })
})

describe('an announcement', () => {
  it('is believed only if it echoes what was asked of its sender, and of nobody else', () => {
    const { calls, said, hear, words } = cluster(3)
    const others = [0, said(2, 0).challenge, said(0, 1).challenge, said(1, 0).challenge + 1]
    for (const echo of others) {
      expect(hear(0, 1, { ...words(0, 1, 20, [10, 20, 30], 10), echo })).toBeNull()
      expect(calls[0]!).toMatchObject({ founding: 0, seen: [10, 0, 0] })
    }
    expect(hear(0, 1, words(0, 1, 20, [10, 20, 30], 10))).toBe('blank')
  })

  it('that is not believed still says what its sender wants echoed', () => {
    const { hear, said } = cluster(2)
    expect(said(1, 0).echo).toBe(0)
    hear(0, 1)
    expect(said(1, 0).echo).toBe(said(0, 1).challenge)
  })

  it('asks each receiver for something else, and once a new incarnation is believed for something new', () => {
    const { said, hear, words } = cluster(3)
    const asked = new Set([said(1, 0).challenge, said(2, 0).challenge])
    for (const incarnation of [20, 21, 22]) {
      for (let times = 0; times < 2; times++) hear(0, 1, words(0, 1, incarnation, [0, incarnation, 0]))
      asked.add(said(1, 0).challenge)
    }
    expect(asked.size).toBe(5)
    expect([...asked].every((challenge) => Number.isInteger(challenge) && challenge > 0)).toBe(true)
  })
})

describe('a member that restarts without its memory', () => {
  it('before the start: the cluster starts with the new incarnation', () => {
    const { memories, calls, hear, restart, rounds } = cluster(3)
    hear(1, 0)
    hear(2, 0)
    restart(0, 11)
    rounds(6)
    expect(memories).toEqual(['blank', 'blank', 'blank'])
    for (const call of calls) expect(call.seen).toEqual([11, 20, 30])
  })

  it('after the start: it has lost its memory, also when it restarts again', () => {
    const { memories, calls, hear, restart, rounds } = cluster(3)
    rounds(6)
    for (const incarnation of [11, 12]) {
      restart(0, incarnation)
      expect(hear(0, 2)).toBeNull()
      hear(2, 0)
      expect(hear(0, 2)).toBe('lost')
      expect(memories[0]).toBe('lost')
      expect(calls[0]!.seen).toEqual([10, 20, 30])
    }
  })

  it('and learns so from another that has lost its own', () => {
    const { memories, hear, restart, rounds } = cluster(3)
    rounds(6)
    restart(0, 11)
    rounds(2)
    restart(1, 21)
    for (let times = 0; times < 2; times++) {
      hear(0, 1)
      hear(1, 0)
    }
    expect(memories).toEqual(['lost', 'lost', 'blank'])
  })

  it('while all others wait too: all that restart together are blank, for nobody is left who knows', () => {
    const { memories, restart, rounds } = cluster(2)
    rounds(6)
    restart(0, 11)
    restart(1, 21)
    rounds(6)
    expect(memories).toEqual(['blank', 'blank'])
  })

  it('is believed dead: what its earlier life sent changes nothing any more', () => {
    const { calls, hear, words } = cluster(3)
    const late = [0, 10].map((founding) => words(1, 0, 10, [10, 20, 30], founding))
    hear(1, 0, words(1, 0, 10, [10, 0, 0]))
    late.push(...[0, 10].map((founding) => words(1, 0, 10, [10, 20, 30], founding)))
    hear(1, 0, words(1, 0, 11, [11, 0, 0]))
    for (const m of late) expect(hear(1, 0, m)).toBeNull()
    expect(calls[1]!).toMatchObject({ founding: 0, seen: [11, 20, 0] })
  })

  it('is believed at once, also when what its earlier life sent comes after it', () => {
    const { calls, hear, words } = cluster(2)
    const late = words(1, 0, 10, [10, 0])
    hear(1, 0, words(1, 0, 11, [11, 0]))
    hear(1, 0, late)
    expect(calls[1]!.seen).toEqual([11, 20])
    expect(hear(1, 0, words(1, 0, 11, [11, 20]))).toBe('blank')
  })

  it('no member that has announced its new incarnation starts from the old', () => {
    const { calls, hear, words } = cluster(3)
    hear(1, 0, words(1, 0, 10, [10, 20, 30]))
    const late = words(1, 0, 10, [10, 20, 30])
    hear(1, 0, words(1, 0, 11, [11, 0, 0]))
    expect(hear(1, 2, words(1, 2, 30, [10, 20, 30]))).toBeNull()
    expect(hear(1, 0, late)).toBeNull()
    expect(calls[1]!.founding).toBe(0)
    expect(hear(1, 2, words(1, 2, 30, [11, 20, 30]))).toBeNull()
    expect(hear(1, 0, words(1, 0, 11, [11, 20, 30]))).toBe('blank')
  })
})

describe('once started', () => {
  it('the table never changes', () => {
    const { calls, hear, rounds, words } = cluster(2)
    rounds(6)
    for (const [incarnation, seen, founding] of [
      [21, [10, 21], 0],
      [21, [11, 21], 11],
      [20, [0, 20], 0],
    ] as const) {
      expect(hear(0, 1, words(0, 1, incarnation, seen, founding))).toBeNull()
    }
    expect(calls[0]!.seen).toEqual([10, 20])
  })

  it('a latecomer with the announced incarnation is blank, and one with another has forgotten', () => {
    for (const [incarnation, memory] of [
      [30, 'blank'],
      [31, 'lost'],
    ] as const) {
      const { hear, restart, words } = cluster(3)
      restart(2, incarnation)
      expect(hear(2, 0, words(2, 0, 10, [10, 20, 30], 10))).toBe(memory)
    }
  })
})

describe('by order', () => {
  /** Both hear what the other has to say, and what it says to that. */
  const meet = ({ hear }: ReturnType<typeof cluster>, one: number, other: number) => {
    for (let times = 0; times < 3; times++) {
      hear(one, other)
      hear(other, one)
    }
  }

  it('a majority is enough, also for those of it that have no order; no fewer are', () => {
    for (const [size, members] of [
      [3, [0, 1]],
      [3, [1, 2]],
      [5, [0, 2, 3]],
    ] as const) {
      const three = cluster(size)
      const { calls, memories } = three
      for (const call of calls) call.hurry([])
      expect(calls[members[0]]!.settle()).toBeNull()
      const bystanders = members.slice(1)
      for (const other of bystanders)
        calls[other] = new RollCall(three.members[other]!, size, 10 * (other + 1), new Xoshiro(other))
      for (let round = 0; round < 3; round++)
        for (const one of members) for (const other of members) if (one < other) meet(three, one, other)
      const table = calls.map((_, index) => ((members as readonly number[]).includes(index) ? (index + 1) * 10 : 0))
      for (const index of members)
        expect([memories[index], calls[index]!.founding, calls[index]!.seen]).toEqual([
          'blank',
          table.find(Boolean),
          table,
        ])
    }
  })

  it('begins with one that knows of more, and not with one that knows another memory or less', () => {
    const three = cluster(3)
    const { calls, hear, words } = three
    calls[0]!.hurry([])
    hear(0, 1, words(0, 1, 20, [0, 20, 0]))
    for (const other of [
      [11, 20, 0],
      [0, 20, 30],
    ])
      expect(hear(0, 1, words(0, 1, 20, other))).toBeNull()
    expect(hear(0, 1, words(0, 1, 20, [10, 20, 30]))).toBe('blank')
    expect(calls[0]!.seen).toEqual([10, 20, 0])
  })

  it('who was not there has forgotten when it comes, whichever memory it has', () => {
    for (const incarnation of [30, FORGOTTEN]) {
      const three = cluster(3)
      three.restart(2, incarnation)
      three.calls[0]!.hurry([])
      meet(three, 0, 1)
      meet(three, 2, 1)
      expect([three.memories, three.calls[2]!.seen]).toEqual([
        ['blank', 'blank', 'lost'],
        [10, 20, 0],
      ])
    }
  })
})

describe('a member that knows that it has forgotten', () => {
  it('is told by any that remembers, also by one that never met it', () => {
    for (const seen of [
      [10, 20, 30],
      [10, 20, 0],
    ]) {
      const { memories, calls, hear, restart, words } = cluster(3)
      restart(2, FORGOTTEN)
      hear(2, 0, words(2, 0, 10, seen, 10))
      expect(memories[2]).toBe('lost')
      expect(calls[2]!.seen).toEqual(seen)
    }
  })

  it('counts as nobody: without one that remembers no cluster begins', () => {
    const { memories, calls, restart, rounds } = cluster(3)
    restart(2, FORGOTTEN)
    rounds(6)
    expect(memories).toEqual([null, null, null])
    expect(calls[0]!.missing).toEqual([2])
    for (const index of [0, 1]) restart(index, FORGOTTEN)
    for (const call of calls) call.hurry([])
    rounds(6)
    expect(memories).toEqual([null, null, null])
  })

  it('takes the place of the blank one that it was', () => {
    const { calls, hear, restart } = cluster(3)
    const meet = () => {
      hear(1, 0)
      hear(0, 1)
      hear(1, 0)
    }
    meet()
    expect(calls[1]!.seen).toEqual([10, 20, 0])
    restart(0, FORGOTTEN)
    meet()
    expect(calls[1]!.seen).toEqual([0, 20, 0])
  })
})

/** What must hold at every moment: those who have started go by one table, and are blank if it names what they are. */
function flaw(members: readonly View[]): string | null {
  const started = members.filter(({ memory }) => memory)
  if (new Set(started.map(({ founding, seen }) => `${founding}: ${seen}`)).size > 1)
    return `two tables: ${JSON.stringify(members)}`
  for (const [index, { memory, incarnation, seen }] of members.entries()) {
    if (memory && (memory === 'blank') !== (seen[index] === incarnation)) return `${memory}: ${JSON.stringify(members)}`
  }
  return null
}

/** How a run ends once the network is calm. */
const endOf = (members: readonly View[]) => members.map(({ memory }) => memory).join()

describe('every order of announcements', () => {
  it('two members, two restarts: nobody is blank twice that another has started with, and in the end all have started', () => {
    const explorer = new Explorer(2, 2, false)
    const ends = new Set<string>()
    let count = 0
    for (const moment of explorer.moments()) {
      count += 1
      const found = flaw(explorer.view(moment))
      if (found) throw new Error(found)
      ends.add(endOf(explorer.view(explorer.calm(moment))))
    }
    expect(count).toBeGreaterThan(20_000)
    expect([...ends].sort()).toEqual(['blank,blank', 'blank,lost', 'lost,blank', 'lost,lost'])
  })

  it.each([
    { size: 2, restarts: 1, runs: 1000 },
    { size: 3, restarts: 1, runs: 600 },
    { size: 3, restarts: 3, runs: 600 },
  ])('$size members, $restarts restarts: the same on $runs random ways, in no order at all', (row) => {
    const explorer = new Explorer(row.size, row.restarts, true)
    const random = new Xoshiro(row.size * 10 + row.restarts)
    const ends = new Set<string>()
    for (let run = 0; run < row.runs; run++) {
      let last = null
      for (const moment of explorer.walk(random, 10 + random.below(90))) {
        last = moment
        const found = flaw(explorer.view(moment))
        if (found) throw new Error(`run ${run}: ${found}`)
      }
      const end = explorer.view(explorer.calm(last!))
      expect(flaw(end)).toBeNull()
      ends.add(endOf(end))
    }
    expect([...ends].filter((end) => end.split(',').includes(''))).toEqual([])
    expect(ends).toContain(Array(row.size).fill('blank').join())
    expect([...ends].some((end) => end.includes('lost'))).toBe(true)
  })
})
