/**
 * Ports for servers that are about to be started on this machine. None that the system would choose: those it also gives to
 * outgoing connections, and one of these may be in the way when a server begins to listen, or listens again.
 */
import { createServer } from 'node:net'

/** Below what systems give to outgoing connections, 32768 or higher. */
const FIRST_PORT = 10_000
const LAST_PORT = 29_999
/** Processes with neighbouring ids, such as those of one test run, begin so far from each other. */
const STRIDE = 211

let next = (process.pid * STRIDE) % (LAST_PORT - FIRST_PORT + 1)

/**
 * Ports of the loopback that are free now, upwards mostly, all different, and none that this process was given before: its servers may be
 * down just now.
 * @throws Error when there are not that many
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  for (let tried = 0; tried <= LAST_PORT - FIRST_PORT; tried++) {
    if (ports.length === count) return ports
    const port = FIRST_PORT + next
    next = (next + 1) % (LAST_PORT - FIRST_PORT + 1)
    if (await isFree(port)) ports.push(port)
  }
  throw new Error(`${count} free ports were wanted, and there are ${ports.length}`)
}

/** Whether nothing listens on a port of the loopback. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const listener = createServer()
    listener.once('error', () => resolve(false))
    listener.listen(port, '127.0.0.1', () => listener.close(() => resolve(true)))
  })
}
