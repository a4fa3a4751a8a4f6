/**
 * The file system, as far as the log needs it: a seam, so that tests can tear writes, fail syncs and flip bits.
 * `realFiles` is the one of this machine.
 */
import { readSync } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { makeDirectory } from '../make-directory.ts'
import { unusable, using } from '../unusable.ts'
import type { Source } from './format/window.ts'
import { Lock } from './lock.ts'

/** An open file. */
export interface File extends Source {
  size(): Promise<number>
  /** Writes all of `bytes` at `position`. */
  write(bytes: Uint8Array, position: number): Promise<void>
  /** Makes all that was written durable, the file's length included. */
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

/** What the log asks of a file system. All errors are the system's own. */
export interface Files {
  /** Makes a directory and those above it. Gives the first that was not there, or undefined. */
  makeDirectory(path: string): Promise<string | undefined>
  /** The names in a directory. */
  list(directory: string): Promise<string[]>
  /** Opens a file to read, to read and write, or a new one that must not be there yet. */
  open(path: string, mode: 'read' | 'write' | 'new'): Promise<File>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Makes the names in a directory durable: what was made, renamed and removed. */
  syncDirectory(directory: string): Promise<void>
  /** Takes the lock of a directory, which ends with the process at the latest. */
  lock(directory: string): Promise<Release>
}

/** Gives a lock back. */
export type Release = () => Promise<void>

/** How many bytes one call of the system reads or writes at most: fewer than 2^31, beyond which Node refuses it. */
const CALL_BYTES = 2 ** 30

const FLAGS = { read: 'r', write: 'r+', new: 'wx+' } as const

/** For how long a descriptor is waited for, and how often one is asked for: clients that say nothing are cut off before. */
const PATIENCE_MS = 20_000
const PAUSE_MS = 50

/** The file system of this machine. */
export const realFiles: Files = {
  makeDirectory: async (path) => using(path, () => makeDirectory(path)),
  list: (directory) => patiently(() => readdir(directory)),
  open: async (path, mode) => new RealFile(path, await patiently(() => open(path, FLAGS[mode]))),
  rename,
  remove: (path) => rm(path),
  async syncDirectory(directory) {
    const handle = await patiently(() => open(directory, 'r'))
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  async lock(directory) {
    const lock = await Lock.take(directory).catch((error: unknown) => {
      throw unusable(directory, error)
    })
    return () => lock.release()
  },
}

/**
 * Tries again while all descriptors are taken: clients' connections take them, too, and nothing has been done yet. To the node
 * its disk is slow meanwhile.
 */
async function patiently<T>(use: () => Promise<T>): Promise<T> {
  for (let waited = 0; ; waited += PAUSE_MS) {
    try {
      return await use()
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if ((code !== 'EMFILE' && code !== 'ENFILE') || waited >= PATIENCE_MS) throw error
    }
    await pause(PAUSE_MS)
  }
}

class RealFile implements File {
  readonly path: string
  readonly #handle: FileHandle

  constructor(path: string, handle: FileHandle) {
    this.path = path
    this.#handle = handle
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  read(into: Uint8Array, position: number): number {
    let filled = 0
    while (filled < into.length) {
      const count = this.#readOnce(into, filled, position + filled)
      if (count === 0) break
      filled += count
    }
    return filled
  }

  #readOnce(into: Uint8Array, offset: number, position: number): number {
    try {
      return readSync(this.#handle.fd, into, offset, Math.min(CALL_BYTES, into.length - offset), position)
    } catch (error) {
      // The system knows a number only; a directory, for example, can be opened to read.
      throw Object.assign(error as Error, { path: this.path })
    }
  }

  /** A write may end early, for example where the disk is full; the next one then says why. */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(
        bytes,
        at,
        Math.min(CALL_BYTES, bytes.length - at),
        position + at,
      )
      at += bytesWritten
    }
  }

  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  truncate(length: number): Promise<void> {
    return this.#handle.truncate(length)
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
