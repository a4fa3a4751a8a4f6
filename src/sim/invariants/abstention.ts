/** A node that has forgotten and abstains says nothing of the protocol any more: its peers might count on it. */
import type { NodeId } from '../../node-id.ts'
import { PROTOCOL_NUMBERS } from '../../registry.ts'
import type { Arena, Invariant } from '../arena.ts'
import { vocabularyOf } from '../vocabulary.ts'

export function abstention(): Invariant {
  let listening = false
  /** Who has said something since the last look. */
  const heard = new Set<NodeId>()

  function listen({ network, protocol, cluster, options }: Arena): void {
    listening = true
    for (const number of vocabularyOf(protocol, cluster, options).keys()) {
      if (number >= PROTOCOL_NUMBERS) network.listen(number, (from) => heard.add(from))
    }
  }

  return {
    name: 'abstention',
    afterStep(arena: Arena) {
      // Where all is explored there is no network.
      if (arena.protocol.abstains !== true || !arena.network) return null
      if (!listening) listen(arena)
      const speaker = arena.processes.find(({ id, node }) => node?.memory === 'lost' && heard.has(id))
      heard.clear()
      return speaker ? `${speaker.id.name} has forgotten what it held, and says something all the same` : null
    },
  }
}
