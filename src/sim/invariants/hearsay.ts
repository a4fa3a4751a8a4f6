/** What nodes say, for invariants that look at messages: those of one name, as they leave their senders. */
import type { NodeId } from '../../node-id.ts'
import type { Arena } from '../arena.ts'
import { read, vocabularyOf } from '../vocabulary.ts'

/** A message, and who said it to whom. */
export interface Said<M> {
  readonly from: NodeId
  readonly to: NodeId
  readonly message: M
}

/** Collects the messages of a name; there may be no such message in a protocol. */
export class Hearsay<M> {
  readonly #name: string
  #listening = false
  #said: Said<M>[] = []

  constructor(name: string) {
    this.#name = name
  }

  /** What was said since the last call. The first call begins to listen. */
  take({ network, protocol, cluster, options }: Arena): readonly Said<M>[] {
    const said = this.#said
    if (said.length > 0) this.#said = []
    if (this.#listening) return said
    this.#listening = true
    const vocabulary = vocabularyOf(protocol, cluster, options)
    const number = [...vocabulary].find(([, { name }]) => name === this.#name)?.[0]
    if (number !== undefined) {
      network.listen(number, (from, to, frame) =>
        this.#said.push({ from, to, message: read(frame, vocabulary)!.message as M }),
      )
    }
    return said
  }
}
