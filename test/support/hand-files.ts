/**
 * A file system in a test's hands. It knows what is durable and what is not, dies at any byte that is written, and gives
 * what a crash of the process or a loss of power leaves behind.
 */
import { dirname } from 'node:path'
import type { File, Files, Release } from '../../src/runtime/storage/files.ts'

/** A change of a file that is not synced. */
type Change = { readonly at: number; readonly bytes: Uint8Array } | { readonly length: number }

/** A change of names that is not synced: one is gone, or leads to a file, or both at once. */
interface Renaming {
  readonly gone: string | null
  readonly made: string | null
  readonly inode: Inode
}

class Inode {
  content: Uint8Array = new Uint8Array(0)
  synced: Uint8Array = new Uint8Array(0)
  changes: Change[] = []

  apply(change: Change): void {
    this.content = applied(this.content, change)
    this.changes.push(change)
  }
}

/** What power loss leaves of what was not synced: a number from 0 to `most`; of a file by its path, else of the names. */
export type Choose = (most: number, path?: string) => number

export class HandFiles implements Files {
  /** How many bytes and changes may still happen; then the machine is dead. */
  budget = Number.POSITIVE_INFINITY
  /** How many have happened. */
  spent = 0
  /** Called before every call that changes something; may throw. */
  onCall: (call: string, path: string) => void = () => {}
  /** All calls that changed something, in order. */
  readonly calls: string[] = []
  readonly #directories = new Set(['/', '.'])
  #names = new Map<string, Inode>()
  #syncedNames = new Map<string, Inode>()
  #renamings: Renaming[] = []
  #held = false

  /** What another process finds after this one was killed: all that was written; what was not synced still is not. */
  afterKill(): HandFiles {
    const files = new HandFiles()
    const copies = new Map<Inode, Inode>()
    const copyOf = (inode: Inode): Inode => {
      const known = copies.get(inode)
      if (known) return known
      const { content, synced, changes } = inode
      const copy = Object.assign(new Inode(), { content, synced, changes: [...changes] })
      copies.set(inode, copy)
      return copy
    }
    for (const [path, inode] of this.#names) files.#names.set(path, copyOf(inode))
    for (const [path, inode] of this.#syncedNames) files.#syncedNames.set(path, copyOf(inode))
    files.#renamings = this.#renamings.map((renaming) => ({ ...renaming, inode: copyOf(renaming.inode) }))
    for (const directory of this.#directories) files.#directories.add(directory)
    return files
  }

  /** All that was written has reached the disk. */
  settle(): void {
    for (const inode of this.#names.values()) {
      inode.synced = inode.content
      inode.changes = []
    }
    this.#syncedNames = new Map(this.#names)
    this.#renamings = []
  }

  /** How many changes of names are not synced. */
  get unsynced(): number {
    return this.#renamings.length
  }

  /**
   * What is left when power is lost: of the changes that were not synced any prefix, the last write at any byte.
   * @param survives which changes of names are on disk, by their place; a prefix when left out. No file system promises
   * that they get there in the order in which they were made
   */
  afterPowerLoss(choose: Choose, survives?: (place: number) => boolean): HandFiles {
    const names = new Map(this.#syncedNames)
    const first = survives ? 0 : choose(this.#renamings.length)
    const kept = survives ?? ((place: number) => place < first)
    for (const [place, renaming] of this.#renamings.entries()) if (kept(place)) rename(names, renaming)
    const files = new HandFiles()
    for (const [path, inode] of names) {
      const kept = inode.changes.slice(0, choose(inode.changes.length, path))
      const last = kept.pop()
      let content = kept.reduce(applied, inode.synced)
      if (last && 'bytes' in last) {
        content = applied(content, { at: last.at, bytes: last.bytes.slice(0, choose(last.bytes.length, path)) })
      } else if (last) content = applied(content, last)
      files.put(path, content)
    }
    return files
  }

  /** Puts a file there, safe on disk. */
  put(path: string, content: Uint8Array): void {
    const inode = new Inode()
    inode.content = content
    inode.synced = content
    this.#names.set(path, inode)
    this.#syncedNames.set(path, inode)
    for (let above = dirname(path); !this.#directories.has(above); above = dirname(above)) this.#directories.add(above)
  }

  /** The content of a file. */
  get(path: string): Uint8Array {
    return this.#inode(path).content
  }

  /** Removes a file, safely. */
  drop(path: string): void {
    this.#names.delete(path)
    this.#syncedNames.delete(path)
  }

  get paths(): string[] {
    return [...this.#names.keys()].sort()
  }

  async makeDirectory(path: string): Promise<string | undefined> {
    if (this.#directories.has(path)) return undefined
    const above = await this.makeDirectory(dirname(path))
    this.#spend('makeDirectory', path, 1)
    this.#directories.add(path)
    return above ?? path
  }

  async list(directory: string): Promise<string[]> {
    const below = this.paths.filter((path) => path.startsWith(`${directory}/`))
    return [...new Set(below.map((path) => path.slice(directory.length + 1).split('/')[0]!))]
  }

  async open(path: string, mode: 'read' | 'write' | 'new'): Promise<File> {
    if (mode !== 'new') return this.#file(path, this.#inode(path))
    this.#spend('new', path, 1)
    if (this.#names.has(path)) throw systemError('EEXIST', path)
    const inode = new Inode()
    this.#rename({ gone: null, made: path, inode })
    return this.#file(path, inode)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#spend('rename', to, 1)
    // One change: neither both names nor none.
    this.#rename({ gone: from, made: to, inode: this.#inode(from) })
  }

  async remove(path: string): Promise<void> {
    this.#spend('remove', path, 1)
    this.#rename({ gone: path, made: null, inode: this.#inode(path) })
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#spend('syncDirectory', directory, 1)
    const isHere = (name: string | null) => name !== null && dirname(name) === directory
    const left: Renaming[] = []
    for (const renaming of this.#renamings) {
      const { gone, made, inode } = renaming
      if (isHere(made) || (isHere(gone) && made === null)) rename(this.#syncedNames, renaming)
      else if (isHere(gone)) {
        // The directory that a name has left says nothing of the one that it has gone to.
        rename(this.#syncedNames, { gone, made: null, inode })
        left.push({ gone: null, made, inode })
      } else left.push(renaming)
    }
    this.#renamings = left
  }

  async lock(directory: string): Promise<Release> {
    if (this.#held) throw new Error(`${directory} is held`)
    this.#held = true
    return async () => {
      this.#held = false
    }
  }

  #rename(renaming: Renaming): void {
    this.#renamings.push(renaming)
    rename(this.#names, renaming)
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path)
    if (!inode) throw systemError('ENOENT', path)
    return inode
  }

  /** Counts what is about to happen; throws when the machine dies before all of it. */
  #spend(call: string, path: string, amount: number): number {
    if (this.budget <= 0) throw systemError('EDEAD', path)
    this.onCall(call, path)
    this.calls.push(`${call} ${path}`)
    const possible = Math.min(amount, this.budget)
    this.budget -= possible
    this.spent += possible
    return possible
  }

  #file(path: string, inode: Inode): File {
    return {
      path,
      size: async () => inode.content.length,
      read: (into, position) => {
        const bytes = inode.content.subarray(position, position + into.length)
        into.set(bytes)
        return bytes.length
      },
      write: async (bytes, at) => {
        const possible = this.#spend('write', path, bytes.length)
        inode.apply({ at, bytes: bytes.slice(0, possible) })
        if (possible < bytes.length) throw systemError('EDEAD', path)
      },
      sync: async () => {
        this.#spend('sync', path, 1)
        inode.synced = inode.content
        inode.changes = []
      },
      truncate: async (length) => {
        this.#spend('truncate', path, 1)
        inode.apply({ length })
      },
      close: async () => {},
    }
  }
}

/** An error as the system reports it. */
export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, syscall: 'test' })
}

function applied(content: Uint8Array, change: Change): Uint8Array {
  if ('length' in change) return content.slice(0, change.length)
  const longer = new Uint8Array(Math.max(content.length, change.at + change.bytes.length))
  longer.set(content)
  longer.set(change.bytes, change.at)
  return longer
}

function rename(names: Map<string, Inode>, { gone, made, inode }: Renaming): void {
  if (gone !== null) names.delete(gone)
  if (made !== null) names.set(made, inode)
}
