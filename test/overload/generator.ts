/**
 * A load generator in a process of its own, so that what it costs is not what its clock measures. It takes one plan from
 * its parent, plays it, tells the outcome and ends.
 */
import { getPriority, setPriority } from 'node:os'
import { type Answer, Connection } from './connection.ts'
import type { Latency, Outcome, Plan, Tally } from './plan.ts'

/** Behind the servers: where processors are scarce, it must not be the generator that takes them. */
const NICENESS = 5
const TICK_MS = 2
const VALUE = 'ten bytes!'
/** After the end of the load its last answers are waited for this long. */
const DRAIN_MS = 15_000

class Generator {
  readonly #plan: Plan
  readonly #requests: readonly string[]
  readonly #connections: Connection[]
  readonly #tally: Tally = { arrivals: 0, withheld: 0, done: 0, refused: 0, others: {} }
  readonly #doneMs: number[] = []
  readonly #refusedMs: number[] = []
  readonly #bySecond: number[] = []
  readonly #startedAt = performance.now()
  #loading = true
  #scheduled = 0
  #turn = 0

  constructor(plan: Plan) {
    this.#plan = plan
    this.#requests = Array.from({ length: plan.keys }, (_, key) => [
      `GET /${key} HTTP/1.1\r\nHost: s\r\n\r\n`,
      `PUT /${key} HTTP/1.1\r\nHost: s\r\nContent-Length: ${VALUE.length}\r\n\r\n${VALUE}`,
    ]).flat()
    this.#connections = Array.from({ length: plan.connections }, (_, index) => {
      const port = plan.ports[index % plan.ports.length]!
      return new Connection(port, plan.depth, (answer, dueMs) => this.#take(answer, dueMs))
    })
  }

  async play(): Promise<Outcome> {
    const { warmUpSeconds, seconds } = this.#plan
    const cpu = process.cpuUsage()
    const ticks = setInterval(() => this.#tick(), TICK_MS)
    await sleep((warmUpSeconds + seconds) * 1000)
    clearInterval(ticks)
    const { user, system } = process.cpuUsage(cpu)
    const processors = (user + system) / 1e6 / (warmUpSeconds + seconds)
    this.#loading = false
    process.send!('over')
    const end = performance.now() + DRAIN_MS
    while (performance.now() < end && !this.#connections.every(({ idle }) => idle)) await sleep(20)
    const silent = this.#connections.filter(({ idle }) => !idle).length
    if (silent > 0) this.#tally.others['connection without an answer'] = silent
    for (const connection of this.#connections) connection.close()
    const doneBySecond = Array.from({ length: seconds }, (_, second) => this.#bySecond[second] ?? 0)
    const [doneMs, refusedMs] = [latencyOf(this.#doneMs), latencyOf(this.#refusedMs)]
    return { tally: this.#tally, seconds, doneBySecond, doneMs, refusedMs, processors }
  }

  #tick(): void {
    const { rate } = this.#plan
    const now = performance.now()
    if (rate === null) this.#fill(now)
    else {
      const due = Math.floor(((now - this.#startedAt) / 1000) * rate)
      let room = true
      for (; this.#scheduled < due; this.#scheduled++) {
        // Only answers make room, and none comes before the end of the tick.
        room = this.#arrive(this.#startedAt + (this.#scheduled / rate) * 1000, room)
      }
    }
    for (const connection of this.#connections) connection.flush()
  }

  /** Gives every connection as much as it may have. */
  #fill(now: number): void {
    for (const connection of this.#connections) {
      while (connection.free) {
        if (this.#counts(now)) this.#tally.arrivals += 1
        connection.add(this.#draw(), now)
      }
    }
  }

  /** Puts one request on the next connection that has room, if there may be one; gives whether there was. */
  #arrive(dueMs: number, room: boolean): boolean {
    const counted = this.#counts(dueMs)
    if (counted) this.#tally.arrivals += 1
    for (let tried = 0; room && tried < this.#connections.length; tried++) {
      const connection = this.#connections[this.#turn++ % this.#connections.length]!
      if (!connection.free) continue
      connection.add(this.#draw(), dueMs)
      return true
    }
    if (counted) this.#tally.withheld += 1
    return false
  }

  #draw(): string {
    return this.#requests[Math.floor(Math.random() * this.#requests.length)]!
  }

  #take(answer: Answer, dueMs: number): void {
    const now = performance.now()
    const second = Math.floor((now - this.#startedAt) / 1000) - this.#plan.warmUpSeconds
    if (answer === 'done' && second >= 0) this.#bySecond[second] = (this.#bySecond[second] ?? 0) + 1
    if (!this.#counts(dueMs)) return
    if (answer === 'done') {
      this.#tally.done += 1
      this.#doneMs.push(now - dueMs)
    } else if (answer === 'refused') {
      this.#tally.refused += 1
      this.#refusedMs.push(now - dueMs)
    } else this.#tally.others[answer.other] = (this.#tally.others[answer.other] ?? 0) + 1
  }

  #counts(dueMs: number): boolean {
    return this.#loading && dueMs - this.#startedAt >= this.#plan.warmUpSeconds * 1000
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function latencyOf(samples: number[]): Latency {
  const sorted = Float64Array.from(samples).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  return { p50: at(0.5), p99: at(0.99) }
}

setPriority(Math.min(19, getPriority() + NICENESS))
process.once('disconnect', () => process.exit(1))
process.once('message', async (plan: Plan) => {
  const outcome = await new Generator(plan).play()
  process.send!(outcome, undefined, undefined, () => process.exit(0))
})
