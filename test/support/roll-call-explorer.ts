/**
 * Explores every order in which the announcements of a small cluster can be sent, lost, delayed and heard while its
 * first member may restart once without its memory. A link holds one announcement under way, beside one of the life
 * before; an announcement may be sent again at any time.
 */
import { Cluster } from '../../src/node-id.ts'
import { Announce } from '../../src/node-messages.ts'
import type { Memory } from '../../src/replica.ts'
import { RollCall } from '../../src/roll-call.ts'
import type { Random } from '../../src/seams.ts'

/** What a member knows, and what led there: roll calls cannot be copied, so they are led there again. */
interface Member {
  readonly index: number
  readonly incarnation: number
  readonly inputs: readonly (readonly [message: number, from: number])[]
  readonly memory: Memory | null
  readonly seen: readonly number[]
  /** The number of what it announces. */
  readonly announcement: number
}

/** One moment of the cluster. Numbers name members' states and announcements; -1 is none. */
interface Moment {
  readonly members: readonly number[]
  /** What is under way, by sender and receiver. */
  readonly links: readonly number[]
  /** What is under way from the first member's earlier life, by receiver. */
  readonly old: readonly number[]
  readonly restarted: boolean
  readonly startedBefore: boolean
}

/** What there is to judge at one moment. */
export interface View {
  readonly restarted: boolean
  /** Whether the first member had started in its earlier life. */
  readonly startedBefore: boolean
  readonly members: readonly { readonly memory: Memory | null; readonly seen: readonly number[] }[]
}

/** The incarnations of the first member before and after its restart; the others have 20, 30 … */
export const BEFORE = 10
export const AFTER = 11

export class Explorer {
  readonly #cluster: Cluster
  readonly #inOrder: boolean
  readonly #members: Member[] = []
  readonly #memberNumbers = new Map<string, number>()
  readonly #messages: Announce[] = []
  readonly #messageNumbers = new Map<string, number>()
  readonly #hearings = new Map<string, number>()

  /** @param inOrder whether what one life sends arrives, if at all, before what the next life sends */
  constructor(size: number, inOrder: boolean) {
    this.#cluster = new Cluster(Array.from({ length: size }, (_, index) => `1.${index + 1}`))
    this.#inOrder = inOrder
  }

  /** All moments that can come, each once. */
  *moments(): Generator<Moment> {
    const first = this.#first()
    const seen = new Set([keyOf(first)])
    const stack = [first]
    for (let moment = stack.pop(); moment; moment = stack.pop()) {
      yield moment
      for (const after of this.#steps(moment)) {
        const key = keyOf(after)
        if (seen.has(key)) continue
        seen.add(key)
        stack.push(after)
      }
    }
  }

  /** The moments of one run, in which chance decides what comes next. */
  *walk(random: Random, steps: number): Generator<Moment> {
    let moment = this.#first()
    for (let step = 0; step < steps; step++) {
      yield moment
      const next = [...this.#steps(moment)]
      moment = next[random.below(next.length)] ?? moment
    }
  }

  view({ members, restarted, startedBefore }: Moment): View {
    const known = members.map((number) => this.#members[number]!)
    return { restarted, startedBefore, members: known.map(({ memory, seen }) => ({ memory, seen })) }
  }

  /** What a moment comes to when all that is under way arrives, and from then on nothing is lost or delayed. */
  calm(moment: Moment): Moment {
    const { size } = this.#cluster
    let now = moment
    for (let to = 1; to < size; to++) if (now.old[to]! >= 0) now = this.#deliverOld(now, to)
    for (let round = 0; round < 2 * size + 2; round++) {
      for (let link = 0; link < size * size; link++) {
        if (Math.floor(link / size) === link % size) continue
        if (now.links[link]! < 0) now = this.#send(now, link)
        now = this.#deliver(now, link)
      }
    }
    return now
  }

  #first(): Moment {
    const { size, members } = this.#cluster
    return {
      members: members.map(({ index }) => this.#lead(index, (index + 1) * 10, [])),
      links: Array<number>(size * size).fill(-1),
      old: Array<number>(size).fill(-1),
      restarted: false,
      startedBefore: false,
    }
  }

  *#steps(moment: Moment): Generator<Moment> {
    const { size } = this.#cluster
    for (let link = 0; link < size * size; link++) {
      const [from, to] = [Math.floor(link / size), link % size]
      if (from === to) continue
      const behind = this.#inOrder && from === 0 && moment.old[to]! >= 0
      if (moment.links[link]! >= 0 && !behind) yield this.#deliver(moment, link)
      if (moment.links[link] !== this.#members[moment.members[from]!]!.announcement) yield this.#send(moment, link)
    }
    for (let to = 1; to < size; to++) {
      if (moment.old[to]! < 0) continue
      yield this.#deliverOld(moment, to)
      yield { ...moment, old: moment.old.with(to, -1) }
    }
    if (!moment.restarted) yield this.#restart(moment)
  }

  #send(moment: Moment, link: number): Moment {
    const { announcement } = this.#members[moment.members[Math.floor(link / this.#cluster.size)]!]!
    return { ...moment, links: moment.links.with(link, announcement) }
  }

  #deliver(moment: Moment, link: number): Moment {
    const [from, to] = [Math.floor(link / this.#cluster.size), link % this.#cluster.size]
    const members = moment.members.with(to, this.#hear(moment.members[to]!, moment.links[link]!, from))
    return { ...moment, members, links: moment.links.with(link, -1) }
  }

  #deliverOld(moment: Moment, to: number): Moment {
    const members = moment.members.with(to, this.#hear(moment.members[to]!, moment.old[to]!, 0))
    return { ...moment, members, old: moment.old.with(to, -1) }
  }

  /** The first member forgets; what was under way to it is lost, what it has sent may still arrive. */
  #restart(moment: Moment): Moment {
    const { size } = this.#cluster
    return {
      members: moment.members.with(0, this.#lead(0, AFTER, [])),
      links: moment.links.map((message, link) => (link % size === 0 || link < size ? -1 : message)),
      old: moment.links.slice(0, size),
      restarted: true,
      startedBefore: this.#members[moment.members[0]!]!.memory !== null,
    }
  }

  #hear(number: number, message: number, from: number): number {
    const key = `${number} ${message} ${from}`
    const known = this.#hearings.get(key)
    if (known !== undefined) return known
    const { index, incarnation, inputs } = this.#members[number]!
    const after = this.#lead(index, incarnation, [...inputs, [message, from]])
    this.#hearings.set(key, after)
    return after
  }

  /** The state of a member that has heard these announcements, in this order. */
  #lead(index: number, incarnation: number, inputs: Member['inputs']): number {
    const call = new RollCall(this.#cluster.at(index), this.#cluster.size, incarnation)
    let memory: Memory | null = null
    // What the roll call remembers, as far as it matters: the first and the last of each incarnation, in order.
    const lasting = new Map<string, number>()
    for (const [message, from] of inputs) {
      memory ??= call.hear(this.#messages[message]!, this.#cluster.at(from))
      const key = `${from} ${this.#messages[message]!.incarnation}`
      lasting.set(key, message)
    }
    const { seen, founded } = call
    const announcement = this.#announcementOf(new Announce({ incarnation, seen, founded }))
    const key = JSON.stringify(founded ? [index, incarnation, seen, memory] : [index, incarnation, seen, [...lasting]])
    const known = this.#memberNumbers.get(key)
    if (known !== undefined) return known
    this.#members.push({ index, incarnation, inputs, memory, seen, announcement })
    this.#memberNumbers.set(key, this.#members.length - 1)
    return this.#members.length - 1
  }

  #announcementOf(announce: Announce): number {
    const key = JSON.stringify(announce)
    const known = this.#messageNumbers.get(key)
    if (known !== undefined) return known
    this.#messages.push(announce)
    this.#messageNumbers.set(key, this.#messages.length - 1)
    return this.#messages.length - 1
  }
}

function keyOf({ members, links, old, restarted, startedBefore }: Moment): string {
  return `${members.join()}|${links.join()}|${old.join()}|${restarted}|${startedBefore}`
}
