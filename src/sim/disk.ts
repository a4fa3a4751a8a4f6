/** A simulated disk, or its absence: what was appended but not synced at a crash survives as any prefix. */
import type { Random, Storage, StoredRecord } from '../seams.ts'
import type { Chooser } from './chooser.ts'
import type { World } from './world.ts'

/** A checkpoint is due when so many records were appended since the last: few, so that short runs have several. */
const CHECKPOINT_RECORDS = 300
/** How many records of a checkpoint are taken at once, and the virtual time until the next are. */
const PIECE_RECORDS = 8
const PIECE_MS = 0.5

export class Disk {
  readonly durable: boolean
  /** Counts the wipes. */
  generation = 0
  /** Counts the checkpoints that were finished. */
  checkpoints = 0
  readonly #world: World
  readonly #chooser: Chooser
  /** Names the memories: no two may be alike. */
  readonly #names: Random
  #incarnation: number
  /** What stands for the records before number `#first`; then those that follow. */
  #snapshot: StoredRecord[] = []
  #first = 0
  #log: StoredRecord[] = []
  #synced = 0
  #checkpointing = false
  /** Each mount is one life of the node; only the last one's calls count. */
  #mount = 0

  /** @param owner whose disk it is */
  constructor(world: World, durable: boolean, owner = '') {
    this.#world = world
    this.#chooser = world.chooser.of(`disk ${owner}`)
    this.#names = world.chooser.own(`memories ${owner}`)
    this.durable = durable
    this.#incarnation = this.#draw()
  }

  /** How many records were appended, and how many of them are safe. */
  get marks(): { readonly appended: number; readonly synced: number } {
    return { appended: this.#first + this.#log.length, synced: this.#synced }
  }

  /** What was appended and is not lost, as it would come back. */
  get records(): readonly StoredRecord[] {
    return [...this.#snapshot, ...this.#log]
  }

  /** The storage of the node's next life. */
  mount(): Storage {
    const life = ++this.#mount
    const current = () => life === this.#mount
    const isDue = () => current() && !this.#checkpointing && this.#log.length > CHECKPOINT_RECORDS
    return {
      durable: this.durable,
      incarnation: this.#incarnation,
      forgot: false,
      recover: () => this.records,
      append: (record) => {
        if (current()) this.#log.push(record)
      },
      sync: (done) => {
        const target = this.marks.appended
        this.#world.after(this.#chooser.between(0.05, 2), () => {
          if (!current()) return
          this.#synced = Math.max(this.#synced, target)
          done()
        })
      },
      get checkpointDue() {
        return isDue()
      },
      checkpoint: (records, done) => {
        this.#checkpointing = true
        this.#take(records, [], this.marks.appended, current, done)
      },
    }
  }

  /** Power is lost. `kept`: how many records survive although they were not synced; drawn when left out. */
  crash(kept?: number): void {
    this.#mount += 1
    this.#checkpointing = false
    if (this.durable) {
      const survived = this.#synced + (kept ?? this.#chooser.below(this.marks.appended - this.#synced + 1))
      this.#log.length = survived - this.#first
      this.#synced = survived
    } else {
      this.wipe()
    }
  }

  /** The disk is replaced by an empty one. */
  wipe(): void {
    this.generation += 1
    this.#snapshot = []
    this.#first = 0
    this.#log = []
    this.#synced = 0
    this.#incarnation = this.#draw()
  }

  /** Takes the next records of a checkpoint that stands for all before number `cut`; with the last it counts. */
  #take(
    records: Iterator<StoredRecord>,
    taken: StoredRecord[],
    cut: number,
    current: () => boolean,
    done: () => void,
  ): void {
    this.#world.after(PIECE_MS, () => {
      if (!current()) {
        records.return?.()
        return
      }
      for (let left = PIECE_RECORDS; left > 0; left--) {
        const next = records.next()
        if (next.done) {
          this.#replace(taken, cut)
          done()
          return
        }
        taken.push(next.value)
      }
      this.#take(records, taken, cut, current, done)
    })
  }

  #replace(taken: StoredRecord[], cut: number): void {
    this.#snapshot = taken
    this.#log = this.#log.slice(cut - this.#first)
    this.#first = cut
    this.#synced = Math.max(this.#synced, cut)
    this.#checkpointing = false
    this.checkpoints += 1
  }

  #draw(): number {
    return 1 + this.#names.below(2 ** 31)
  }
}
