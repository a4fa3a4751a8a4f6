/**
 * A simulated disk, or its absence: what was appended but not synced at a crash survives as any prefix. Where something
 * happens to its bytes (`image.ts`), the servers' own code says what is left.
 */
import { Damage } from '../runtime/storage/format/damage.ts'
import type { Random, Storage, StoredRecord } from '../seams.ts'
import type { Chooser } from './chooser.ts'
import { contentOf, type Image, imageOf } from './image.ts'
import type { World } from './world.ts'

/** A checkpoint is due when so many records were appended since the last: few, so that what is rare meets one, too. */
const CHECKPOINT_RECORDS = [3, 30, 300]
/** How many records of a checkpoint are taken at once, and the virtual time until the next are. */
const PIECE_RECORDS = 8
const PIECE_MS = 0.5

/** A checkpoint under way: the records before number `cut` are to be replaced. */
interface Checkpoint {
  readonly records: Iterator<StoredRecord>
  readonly taken: StoredRecord[]
  readonly cut: number
  readonly current: () => boolean
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/** What was safe on a disk at some moment. */
export interface Copy {
  readonly incarnation: number
  readonly forgot: boolean
  readonly snapshot: readonly StoredRecord[]
  readonly first: number
  readonly log: readonly StoredRecord[]
}

/** Gives an error where a disk cannot do something. */
export type Trouble = (doing: 'read' | 'write') => DiskError | null

/** What a disk answers that does not work. A node that meets it ends. */
export class DiskError extends Error {}

export class Disk {
  readonly durable: boolean
  /** Counts the memories that were lost. */
  generation = 0
  /** Whether it is an older image of itself that was put back. */
  outdated = false
  /** How much longer it takes to make something durable. */
  lagMs = 0
  /** What is wrong with it: each is asked whether it can read, or make something durable. */
  readonly troubles = new Set<Trouble>()
  /** Whether it has failed since it was mounted: its node ends when it is told, which is later if it is paused. */
  failed = false
  /** Counts the checkpoints that were finished. */
  checkpoints = 0
  readonly #world: World
  readonly #chooser: Chooser
  /** Names the memories: no two may be alike. */
  readonly #names: Random
  #incarnation: number
  /** What stands for the records before number `#first`; then those that follow. */
  #snapshot: readonly StoredRecord[] = []
  #first = 0
  #log: StoredRecord[] = []
  #synced = 0
  /** How many records there were at the end of each write since the last checkpoint. */
  #writes: number[] = []
  #checkpointing = false
  readonly #most: number
  #forgot = false
  /** Each mount is one life of the node; only the last one's calls count. */
  #mount = 0

  /** @param owner whose disk it is */
  constructor(world: World, durable: boolean, owner = '') {
    this.#world = world
    this.#chooser = world.chooser.of(`disk ${owner}`)
    this.#most = this.#chooser.pick(CHECKPOINT_RECORDS)
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
    this.failed = false
    const current = () => life === this.#mount
    const isDue = () => current() && !this.#checkpointing && this.#log.length > this.#most
    return {
      durable: this.durable,
      incarnation: this.#incarnation,
      forgot: this.#forgot,
      recover: () => {
        const error = this.#fault('read')
        if (error) throw error
        return this.records
      },
      append: (record) => {
        if (current()) this.#log.push(record)
      },
      sync: (done, failed) => {
        const target = this.marks.appended
        this.#writes.push(target)
        this.#world.after(this.lagMs + this.#chooser.between(0.05, 2), () => {
          if (!current()) return
          const error = this.#fault('write')
          if (error) {
            // What is on disk now nobody knows; nothing more is written in this life.
            this.#end()
            failed(error)
            return
          }
          this.#synced = Math.max(this.#synced, target)
          done()
        })
      },
      get checkpointDue() {
        return isDue()
      },
      checkpoint: (records, done, failed) => {
        this.#checkpointing = true
        const cut = this.marks.appended
        this.#writes.push(cut)
        this.#take({ records, taken: [], cut, current, done, failed })
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
      this.#writes = this.#writes.filter((end) => end < survived)
    } else {
      this.wipe()
    }
  }

  /** What is on it, as a server's files; and how much of which of them is safe. One write may be under way. */
  image(): ReturnType<typeof imageOf> {
    const ends = this.#writes.filter((end) => end > this.#first && end < this.#synced)
    if (this.#synced > this.#first) ends.push(this.#synced)
    const synced = new Set(ends).size
    const underWay = this.#writes.find((end) => end > this.#synced)
    if (underWay !== undefined) ends.push(underWay)
    const batches = [...new Set(ends)].map((end, index, all) =>
      this.#log.slice((index === 0 ? this.#first : all[index - 1]!) - this.#first, end - this.#first),
    )
    const snapshot = this.#first > 0 ? this.#snapshot : null
    return imageOf({ incarnation: this.#incarnation, snapshot, batches, synced })
  }

  /** What is safe on it, to be put back later. */
  copy(): Copy {
    const log = this.#log.slice(0, Math.max(0, this.#synced - this.#first))
    return { incarnation: this.#incarnation, forgot: this.#forgot, snapshot: this.#snapshot, first: this.#first, log }
  }

  /** Puts an older image of it in its place, after a crash: what came later is lost. */
  restore({ incarnation, forgot, snapshot, first, log }: Copy): void {
    this.generation += 1
    this.outdated = true
    this.#incarnation = incarnation
    this.#forgot = forgot
    this.#writes = []
    this.#snapshot = snapshot
    this.#first = first
    this.#log = [...log]
    this.#synced = this.marks.appended
  }

  /** Puts files there, after a crash: what a server would recover from them is on it, or it has forgotten all. */
  put(files: Image): void {
    try {
      const { snapshot, log } = contentOf(files)
      this.#snapshot = [...snapshot]
      this.#log = [...log]
      this.#synced = this.marks.appended
    } catch (error) {
      if (!(error instanceof Damage)) throw error
      this.wipe()
      this.#forgot = true
    }
  }

  /** The disk is replaced by an empty one. */
  wipe(): void {
    this.generation += 1
    this.outdated = false
    this.#forgot = false
    this.#writes = []
    this.#snapshot = []
    this.#first = 0
    this.#log = []
    this.#synced = 0
    this.#incarnation = this.#draw()
  }

  /** Takes the next records of a checkpoint that stands for all before number `cut`; with the last it counts. */
  #take(checkpoint: Checkpoint): void {
    const { records, taken, cut, current, done, failed } = checkpoint
    this.#world.after(PIECE_MS + this.lagMs / 10, () => {
      const error = current() ? this.#fault('write') : null
      if (error) {
        this.#end()
        failed(error)
      }
      if (!current()) {
        records.return?.()
        return
      }
      // At first just one, so that the node goes on before most of its checkpoint is made.
      for (let left = taken.length === 0 ? 1 : PIECE_RECORDS; left > 0; left--) {
        const next = records.next()
        if (next.done) {
          this.#replace(taken, cut)
          done()
          return
        }
        taken.push(next.value)
      }
      this.#take(checkpoint)
    })
  }

  /** The first error that there is. */
  #fault(doing: 'read' | 'write'): DiskError | null {
    for (const trouble of this.troubles) {
      const error = trouble(doing)
      if (error) return error
    }
    return null
  }

  #replace(taken: StoredRecord[], cut: number): void {
    this.#snapshot = taken
    this.#log = this.#log.slice(cut - this.#first)
    this.#first = cut
    this.#writes = this.#writes.filter((end) => end > cut)
    this.#synced = Math.max(this.#synced, cut)
    this.#checkpointing = false
    this.checkpoints += 1
  }

  /** Nothing is written any more until it is mounted again. */
  #end(): void {
    this.#mount += 1
    this.failed = true
  }

  #draw(): number {
    return 1 + this.#names.below(2 ** 31)
  }
}
