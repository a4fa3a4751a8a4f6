/**
 * A file system in a test's hands. It knows what is durable and what is not, dies at any byte that is written, and gives
 * what a crash of the process or a loss of power leaves behind.
 */
import { dirname } from 'node:path'
import type { File, Files, Release } from '../../src/runtime/storage/files.ts'

/** A change of a file that is not synced. */
type Change = { readonly at: number; readonly bytes: Uint8Array } | { readonly length: number }

/** A change of a directory that is not synced: the name leads to another file, or to none. */
interface Renaming {
  readonly path: string
  readonly inode: Inode | null
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

  /** What another process finds after this one was killed: all that was written. */
  afterKill(): HandFiles {
    const files = new HandFiles()
    for (const [path, { content }] of this.#names) files.put(path, content)
    return files
  }

  /** What is left when power is lost: of the changes that were not synced any prefix, the last write at any byte. */
  afterPowerLoss(choose: Choose): HandFiles {
    const names = new Map(this.#syncedNames)
    for (const { path, inode } of this.#renamings.slice(0, choose(this.#renamings.length))) rename(names, path, inode)
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
    this.#rename(path, inode)
    return this.#file(path, inode)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#spend('rename', to, 1)
    const inode = this.#inode(from)
    // One change: neither both names nor none.
    this.#renamings.push({ path: `${from}\n${to}`, inode })
    rename(this.#names, `${from}\n${to}`, inode)
  }

  async remove(path: string): Promise<void> {
    this.#spend('remove', path, 1)
    this.#inode(path)
    this.#rename(path, null)
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#spend('syncDirectory', directory, 1)
    // Of a name that moves between two directories either one may be synced first.
    const here = ({ path }: Renaming) => path.split('\n').some((one) => dirname(one) === directory)
    for (const { path, inode } of this.#renamings.filter(here)) rename(this.#syncedNames, path, inode)
    this.#renamings = this.#renamings.filter((renaming) => !here(renaming))
  }

  async lock(directory: string): Promise<Release> {
    if (this.#held) throw new Error(`${directory} is held`)
    this.#held = true
    return async () => {
      this.#held = false
    }
  }

  #rename(path: string, inode: Inode | null): void {
    this.#renamings.push({ path, inode })
    rename(this.#names, path, inode)
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

/** Changes a name; two names on two lines are the old and the new one of a file. */
function rename(names: Map<string, Inode>, path: string, inode: Inode | null): void {
  const [from, to] = path.split('\n') as [string, string | undefined]
  if (inode === null || to !== undefined) names.delete(from)
  if (inode !== null) names.set(to ?? from, inode)
}
