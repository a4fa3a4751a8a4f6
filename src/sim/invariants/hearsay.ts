/** What nodes say, for invariants that look at messages: those of some names, as they leave their senders. */
import type { NodeId } from '../../node-id.ts'
import type { Arena } from '../arena.ts'
import { read } from '../vocabulary.ts'

/** A message, and who said it to whom. */
export interface Said<M> {
  readonly from: NodeId
  readonly to: NodeId
  readonly message: M
}

/** Collects the messages of these names; there may be none of them in a protocol. */
export class Hearsay<M> {
  readonly #names: readonly string[]
  #listening = false
  #said: Said<M>[] = []

  constructor(...names: string[]) {
    this.#names = names
  }

  /** What was said since the last call. The first call begins to listen. */
  take({ network, vocabulary }: Arena): readonly Said<M>[] {
    const said = this.#said
    if (said.length > 0) this.#said = []
    if (this.#listening) return said
    this.#listening = true
    for (const [number, { name }] of vocabulary) {
      if (!this.#names.includes(name)) continue
      network.listen(number, (from, to, frame) =>
        this.#said.push({ from, to, message: read(frame, vocabulary)!.message as M }),
      )
    }
    return said
  }
}
