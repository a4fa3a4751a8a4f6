/** The meters of one node: wrappers around its parts that count, and cost an increment where something happens. */
import type { Clock, Log, Storage } from '../seams.ts'
import { Disk } from './disk.ts'
import { Events } from './events.ts'
import { Requests } from './requests.ts'
import { Traffic } from './traffic.ts'
import { Turns } from './turns.ts'

export class Meters {
  readonly requests = new Requests()
  readonly traffic = new Traffic()
  readonly turns = new Turns()
  readonly events = new Events()
  /** Null where records do not outlive the process. */
  disk: Disk | null = null
  /** How often this node has come to know another leader; the first counts. */
  leaderChanges = 0
  #leader: string | null = null

  /** What to use instead of `storage`. */
  wrapStorage(storage: Storage): Storage {
    if (!storage.durable) return storage
    this.disk = new Disk(storage)
    return this.disk
  }

  /** What the node uses instead of `clock`. */
  wrapClock(clock: Clock, handled: () => number, leader: () => string | null): Clock {
    let looked = 0
    const after = (): void => {
      // Whoever changes its leader says so in the log; so most turns end with this comparison.
      if (this.events.total === looked) return
      looked = this.events.total
      this.see(leader())
    }
    return this.turns.wrap(clock, { handled, after })
  }

  /** What to use instead of `log`. */
  wrapLog(log: Log): Log {
    return this.events.wrap(log)
  }

  /** Notes who leads now. */
  see(leader: string | null): void {
    if (leader === null || leader === this.#leader) return
    this.#leader = leader
    this.leaderChanges += 1
  }
}
