/**
 * The lock of a data directory: one process at a time, and none after a crash.
 *
 * A holder listens on a socket in the directory, with a name of its own that is never used again. Who wants the lock
 * binds first and looks at the other sockets then. One that takes connections has a living owner, and the newcomer
 * yields. One that refuses them belongs to a dead process: the kernel closed it, it can never live again, and it is
 * removed. Of two that come at once each has bound before it looks, so at least one sees the other: never both hold the
 * lock. (They may both yield; then both say so.)
 *
 * A socket between its making and its listening refuses, too, and may be removed so. Its owner has yet to look, and
 * then sees who removed it.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { SynodError } from '../../errors.ts'

const NAME = /^lock\.[0-9a-f]{16}$/

export class Lock {
  readonly #server: Server
  readonly #directory: FileHandle

  private constructor(server: Server, directory: FileHandle) {
    this.#server = server
    this.#directory = directory
  }

  /**
   * Takes the lock of a directory that is there.
   * @throws SynodError `storage` when another process holds it
   */
  static async take(directory: string): Promise<Lock> {
    const handle = await open(directory, 'r')
    // The address of a socket holds about a hundred characters; through the descriptor any path is short.
    const base = process.platform === 'linux' ? `/proc/self/fd/${handle.fd}` : directory
    const own = `lock.${randomBytes(8).toString('hex')}`
    const lock = new Lock(
      createServer((socket) => socket.destroy()),
      handle,
    )
    try {
      lock.#server.listen(join(base, own))
      await once(lock.#server, 'listening')
      for (const name of await readdir(directory)) {
        if (!NAME.test(name) || name === own) continue
        if (await isAlive(join(base, name))) throw new SynodError('storage', `${directory}: held by another process`)
        await rm(join(directory, name), { force: true })
      }
    } catch (error) {
      await lock.release()
      throw error
    }
    lock.#server.unref()
    return lock
  }

  /** Gives the lock back; the socket is removed. */
  async release(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve))
    await this.#directory.close()
  }
}

/** Whether somebody listens on a socket. In doubt there is somebody. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'))
  })
}
