/** A clock turned by hand: nothing happens until a test says so. */
import type { Alarm, Clock } from '../../src/seams.ts'

interface Ringer {
  readonly at: number
  readonly ring: () => void
}

export class HandClock implements Clock {
  time = 1000
  readonly #soon: (() => void)[] = []
  #alarms: Ringer[] = []

  now(): number {
    return this.time
  }

  setAlarm(delayMs: number, ring: () => void): Alarm {
    const alarm = { at: this.time + delayMs, ring }
    this.#alarms.push(alarm)
    return alarm
  }

  clearAlarm(alarm: Alarm): void {
    this.#alarms = this.#alarms.filter((other) => other !== alarm)
  }

  soon(run: () => void): void {
    this.#soon.push(run)
  }

  /** How many calls of `soon` wait: at most one per node, its next turn. */
  get due(): number {
    return this.#soon.length
  }

  /** How many alarms are set. */
  get alarms(): number {
    return this.#alarms.length
  }

  /** Runs what was to happen soon, and not what that asks for in its turn; gives how much that was. */
  turn(): number {
    const now = this.#soon.splice(0)
    for (const run of now) run()
    return now.length
  }

  /** Runs turns until nothing is due any more. */
  settle(): void {
    for (let turns = 0; this.turn() > 0; turns++) if (turns > 10_000) throw new Error('turns without end')
  }

  /** Lets time pass and rings the alarms that come due, in their order; no turn is run. */
  pass(ms: number): void {
    const end = this.time + ms
    for (;;) {
      const next = this.#alarms.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.time = Math.max(this.time, next.at)
      this.clearAlarm(next)
      next.ring()
    }
    this.time = end
  }
}
