/** A simulated disk, or its absence: what was appended but not synced at a crash survives as any prefix. */
import type { Storage, StoredRecord } from '../seams.ts'
import type { World } from './world.ts'

export class Disk {
  readonly durable: boolean
  /** Counts the wipes. */
  generation = 0
  readonly #world: World
  #incarnation: number
  #records: StoredRecord[] = []
  #synced = 0
  /** Each mount is one life of the node; only the last one's calls count. */
  #mount = 0

  constructor(world: World, durable: boolean) {
    this.#world = world
    this.durable = durable
    this.#incarnation = this.#draw()
  }

  /** How many records were appended, and how many of them are safe. */
  get marks(): { readonly appended: number; readonly synced: number } {
    return { appended: this.#records.length, synced: this.#synced }
  }

  /** What was appended and is not lost. */
  get records(): readonly StoredRecord[] {
    return this.#records
  }

  /** The storage of the node's next life. */
  mount(): Storage {
    const life = ++this.#mount
    const current = () => life === this.#mount
    return {
      durable: this.durable,
      incarnation: this.#incarnation,
      recover: () => this.#records.slice(),
      append: (record) => {
        if (current()) this.#records.push(record)
      },
      sync: (done) => {
        const target = this.#records.length
        this.#world.after(this.#world.chooser.between(0.05, 2), () => {
          if (!current()) return
          this.#synced = target
          done()
        })
      },
    }
  }

  /** Power is lost. `kept`: how many records survive although they were not synced; drawn when left out. */
  crash(kept?: number): void {
    this.#mount += 1
    if (this.durable) {
      const survived = this.#synced + (kept ?? this.#world.chooser.below(this.#records.length - this.#synced + 1))
      this.#records.length = survived
      this.#synced = survived
    } else {
      this.wipe()
    }
  }

  /** The disk is replaced by an empty one. */
  wipe(): void {
    this.generation += 1
    this.#records = []
    this.#synced = 0
    this.#incarnation = this.#draw()
  }

  #draw(): number {
    return 1 + this.#world.chooser.below(2 ** 31)
  }
}
