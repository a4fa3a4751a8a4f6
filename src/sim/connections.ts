/**
 * By which connection a node last heard another. A connection ends when its sender dies, when another life of the sender
 * opens one, or when the network resets it; whoever has heard by it learns so, as over TCP.
 */
import type { NodeId } from '../node-id.ts'
import { linkOf } from './links.ts'

/** How many deaths of its sender and how many resets came before a connection: later ones have more. */
export interface Connection {
  readonly life: number
  readonly resets: number
}

interface Heard {
  /** The receiver's life: another one has other connections. */
  readonly listener: number
  readonly connection: Connection
  open: boolean
}

export class Connections {
  readonly #resets = new Map<number, number>()
  readonly #heard = new Map<number, Heard>()

  /** The connection by which this life of `from` sends to `to` now. */
  current(from: NodeId, to: NodeId, life: number): Connection {
    return { life, resets: this.#resets.get(linkOf(from, to)) ?? 0 }
  }

  /** Ends the connection from one node to another, which may live on. */
  reset(from: NodeId, to: NodeId): void {
    const link = linkOf(from, to)
    this.#resets.set(link, (this.#resets.get(link) ?? 0) + 1)
  }

  /** Whether what is under way by this connection is lost with it: a sender's death leaves it on its way. */
  isReset(from: NodeId, to: NodeId, { resets }: Connection): boolean {
    return this.#resets.size > 0 && resets < (this.#resets.get(linkOf(from, to)) ?? 0)
  }

  /** This life of `to`, the listener, hears by this connection; true when an earlier one is gone thereby. */
  heard(from: NodeId, to: NodeId, listener: number, connection: Connection): boolean {
    const link = linkOf(from, to)
    const last = this.#heard.get(link)
    if (last?.listener === listener && !isLater(connection, last.connection)) return false
    this.#heard.set(link, { listener, connection, open: true })
    return last?.listener === listener && last.open
  }

  /** This life of `to` learns that this connection has ended; true when it has heard by it. */
  ended(from: NodeId, to: NodeId, listener: number, connection: Connection): boolean {
    const last = this.#heard.get(linkOf(from, to))
    if (last?.listener !== listener || !last.open || isLater(last.connection, connection)) return false
    last.open = false
    return true
  }
}

function isLater(a: Connection, b: Connection): boolean {
  return a.life > b.life || a.resets > b.resets
}
