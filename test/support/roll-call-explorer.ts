/**
 * Explores what can become of the announcements of a small cluster while some members restart without their memory.
 * What was sent may arrive now, later, again or never, and what an earlier life has sent may overtake what the present
 * one sends. Only what was sent to an earlier life is gone: it had another address.
 */
import { Cluster } from '../../src/node-id.ts'
import type { Announce } from '../../src/node-messages.ts'
import type { Memory } from '../../src/replica.ts'
import { RollCall } from '../../src/roll-call.ts'
import type { Random } from '../../src/seams.ts'

/** What a member knows, and what led there: roll calls cannot be copied, so they are led there again. */
interface Member {
  readonly index: number
  readonly incarnation: number
  readonly inputs: readonly Input[]
  readonly memory: Memory | null
  readonly founding: number
  readonly seen: readonly number[]
  /** The numbers of what it announces, by receiver; -1 to itself. */
  readonly announcements: readonly number[]
}

/** An announcement by its number, and the member number of the one it came from. */
type Input = readonly [message: number, from: number]

/** One moment of the cluster. Numbers name members' states and announcements. */
interface Moment {
  readonly members: readonly number[]
  /** What was sent and may arrive, now or after a restart: by sender and receiver, in ascending order. */
  readonly wires: readonly (readonly number[])[]
  /** How often a member may still restart. */
  readonly restarts: number
}

/** What there is to judge of one member at one moment. */
export interface View {
  readonly incarnation: number
  readonly memory: Memory | null
  readonly founding: number
  readonly seen: readonly number[]
}

/** The incarnation of a member's first life; each later one is one more. */
export function firstIncarnation(index: number): number {
  return (index + 1) * 10
}

/**
 * Draws 0, 1, 2 … from a start of each life's own. So equal histories draw equal challenges, no two lives share one,
 * and with two members, where only one challenge is ever drawn anew, equal knowledge means equal challenges.
 */
class Counting implements Random {
  #next: number

  constructor(incarnation: number) {
    this.#next = incarnation * 1000
  }

  below(): number {
    return this.#next++
  }
}

export class Explorer {
  readonly #cluster: Cluster
  readonly #restarts: number
  readonly #reorder: boolean
  readonly #members: Member[] = []
  readonly #memberNumbers = new Map<string, number>()
  readonly #messages: Announce[] = []
  readonly #messageNumbers = new Map<string, number>()
  readonly #hearings = new Map<string, number>()

  /**
   * @param restarts how many there may be in all, whichever members they befall
   * @param reorder whether also within one life what was said before may come after what was said later
   */
  constructor(size: number, restarts: number, reorder: boolean) {
    this.#cluster = new Cluster(Array.from({ length: size }, (_, index) => `1.${index + 1}`))
    this.#restarts = restarts
    this.#reorder = reorder
  }

  /** All moments that can come, each once, the nearest first. */
  *moments(): Generator<Moment> {
    const moments = [this.#first()]
    const known = new Set(moments.map(keyOf))
    for (const moment of moments) {
      yield moment
      for (const after of this.#steps(moment)) {
        const key = keyOf(after)
        if (known.has(key)) continue
        known.add(key)
        moments.push(after)
      }
    }
  }

  /** The moments of one run, in which chance decides what comes next. */
  *walk(random: Random, steps: number): Generator<Moment> {
    let moment = this.#first()
    for (let step = 0; step < steps; step++) {
      yield moment
      const next = [...this.#steps(moment)]
      // Restarts are few among the steps, so they get their turn apart.
      const restarts = next.filter((after) => after.restarts < moment.restarts)
      const choices = restarts.length > 0 && random.below(10) === 0 ? restarts : next
      moment = choices[random.below(choices.length)] ?? moment
    }
  }

  view({ members }: Moment): View[] {
    return members.map((number) => this.#members[number]!)
  }

  /** What a moment comes to when all that is under way arrives, and from then on nothing is lost, late or repeated. */
  calm(moment: Moment): Moment {
    const { size } = this.#cluster
    let now = moment
    for (const [wire, messages] of moment.wires.entries()) {
      for (const message of messages) now = this.#deliver(now, wire, message)
    }
    for (let round = 0; round < 2 * size + 4; round++) {
      for (let wire = 0; wire < size * size; wire++) {
        const [from, to] = [Math.floor(wire / size), wire % size]
        if (from !== to) now = this.#deliver(now, wire, this.#members[now.members[from]!]!.announcements[to]!)
      }
    }
    return now
  }

  #first(): Moment {
    const { size, members } = this.#cluster
    return this.#speakAll({
      members: members.map(({ index }) => this.#lead(index, firstIncarnation(index), [])),
      wires: Array.from({ length: size * size }, () => []),
      restarts: this.#restarts,
    })
  }

  *#steps(moment: Moment): Generator<Moment> {
    // Once all have started, only a restart brings news.
    const started = moment.members.every((number) => this.#members[number]!.memory)
    if (started && moment.restarts === 0) return
    for (const [wire, messages] of moment.wires.entries()) {
      for (const message of messages) {
        if (!this.#arrives(moment, wire, message)) continue
        const after = this.#deliver(moment, wire, message)
        if (after !== moment) yield after
      }
    }
    if (moment.restarts === 0) return
    for (const { index } of this.#cluster.members) yield this.#restart(moment, index)
  }

  /** Whether a message is still under way: within one life, what is said later takes the place of what was said before. */
  #arrives({ members }: Moment, wire: number, message: number): boolean {
    const [from, to] = [Math.floor(wire / this.#cluster.size), wire % this.#cluster.size]
    const sender = this.#members[members[from]!]!
    const late = this.#messages[message]!.incarnation !== sender.incarnation
    return this.#reorder || late || message === sender.announcements[to]
  }

  #deliver(moment: Moment, wire: number, message: number): Moment {
    const [from, to] = [Math.floor(wire / this.#cluster.size), wire % this.#cluster.size]
    const after = this.#hear(moment.members[to]!, message, from)
    if (after === moment.members[to]) return moment
    return this.#speak({ ...moment, members: moment.members.with(to, after) }, to)
  }

  /** A member forgets. What was under way to it is lost; what it has sent may still arrive. */
  #restart(moment: Moment, index: number): Moment {
    const { size } = this.#cluster
    const { incarnation } = this.#members[moment.members[index]!]!
    // The others repeat what they announce; they do not know yet that they speak to another life.
    return this.#speakAll({
      members: moment.members.with(index, this.#lead(index, incarnation + 1, [])),
      wires: moment.wires.map((messages, wire) => (wire % size === index ? [] : messages)),
      restarts: moment.restarts - 1,
    })
  }

  #speakAll(moment: Moment): Moment {
    let now = moment
    for (const { index } of this.#cluster.members) now = this.#speak(now, index)
    return now
  }

  /** Puts what a member announces on its wires. */
  #speak(moment: Moment, index: number): Moment {
    const { size } = this.#cluster
    const { announcements, incarnation } = this.#members[moment.members[index]!]!
    const wires = moment.wires.map((messages, wire) => {
      const message = Math.floor(wire / size) === index ? announcements[wire % size]! : -1
      if (message < 0 || messages.includes(message)) return messages
      const matters = (other: number) =>
        this.#reorder || moment.restarts > 0 || this.#messages[other]!.incarnation !== incarnation
      return [...messages.filter(matters), message].sort((a, b) => a - b)
    })
    return { ...moment, wires }
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
  #lead(index: number, incarnation: number, inputs: readonly Input[]): number {
    const { size, members } = this.#cluster
    const call = new RollCall(members[index]!, size, incarnation, new Counting(incarnation))
    let memory: Memory | null = null
    // Beside what it announces, a roll call remembers which table it was last told by each: that was the last believed.
    const believed = Array<string>(size).fill('')
    for (const [number, from] of inputs) {
      const m = this.#messages[number]!
      const sender = members[from]!
      if (m.echo === call.announcement(sender).challenge) believed[from] = m.seen.join()
      const heard = call.hear(m, sender)
      memory ??= heard
    }
    const announcements = members.map((to) => (to.index === index ? -1 : this.#numberOf(call.announcement(to))))
    const { seen, founding } = call
    const key = JSON.stringify([index, incarnation, memory, announcements, founding !== 0 ? [] : believed])
    const known = this.#memberNumbers.get(key)
    if (known !== undefined) return known
    this.#memberNumbers.set(key, this.#members.length)
    return this.#members.push({ index, incarnation, inputs, memory, founding, seen, announcements }) - 1
  }

  #numberOf(announce: Announce): number {
    const key = JSON.stringify(announce)
    const known = this.#messageNumbers.get(key)
    if (known !== undefined) return known
    this.#messageNumbers.set(key, this.#messages.length)
    return this.#messages.push(announce) - 1
  }
}

function keyOf({ members, wires, restarts }: Moment): string {
  return `${members.join()}|${wires.map((messages) => messages.join()).join(';')}|${restarts}`
}
