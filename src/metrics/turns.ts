/** Measures a node's turns: a wrapper around its clock, which is what calls them. */
import type { Clock } from '../seams.ts'
import { Distribution } from './distribution.ts'

/** Seconds; a turn that takes long holds up heartbeats. */
const SECONDS = [0.000_05, 0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25]
/** A turn takes at most 1,024 events. */
const EVENTS = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

/** What is looked at around each turn. */
export interface TurnWatch {
  /** How many events the node has handled so far. */
  handled(): number
  /** Called after each turn. */
  after(): void
}

export class Turns {
  readonly seconds = new Distribution(SECONDS)
  readonly events = new Distribution(EVENTS)
  #handled = 0

  /** What to use instead of `clock`, by the node alone: whatever it lets the clock call soon is a turn. */
  wrap(clock: Clock, watch: TurnWatch): Clock {
    return {
      now: () => clock.now(),
      setAlarm: (delayMs, ring) => clock.setAlarm(delayMs, ring),
      clearAlarm: (alarm) => clock.clearAlarm(alarm),
      soon: (run) =>
        clock.soon(() => {
          const begin = performance.now()
          run()
          this.seconds.observe((performance.now() - begin) / 1000)
          const handled = watch.handled()
          this.events.observe(handled - this.#handled)
          this.#handled = handled
          watch.after()
        }),
    }
  }
}
