/**
 * The tags of registers that a crash would leave a node: those of what it held when all the records on its disk were
 * appended. What it holds beyond them is not on disk yet.
 */
import type { Process } from '../process.ts'

type Tags = ReadonlyMap<string, number>

/** What one node has on its disk, as far as it was seen. */
export class KeptTags {
  #life = 0
  #hash = 0
  #tags: Tags = new Map()
  /** Later ones, each with the number of records that the disk must hold for that. */
  readonly #coming: { readonly records: number; readonly tags: Tags }[] = []

  /** Looks at the node, which is alive and holds registers, at the end of a step. */
  look({ life, store, disk }: Process, keys: Iterable<string>): void {
    const { appended, synced } = disk.marks
    const hash = store!.hash()
    if (this.#life !== life) this.#coming.length = 0
    if (this.#life !== life || this.#hash !== hash) {
      const tags = new Map([...keys].map((key) => [key, store!.get(key).version]))
      this.#coming.push({ records: appended, tags })
    }
    while (this.#coming.length > 0 && this.#coming[0]!.records <= synced) this.#tags = this.#coming.shift()!.tags
    this.#life = life
    this.#hash = hash
  }

  /** The tag of a key; 0 when it has none. */
  get(key: string): number {
    return this.#tags.get(key) ?? 0
  }
}
