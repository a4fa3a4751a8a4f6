/**
 * A node that has forgotten counts in no quorum. Where it abstains for good it says nothing of the protocol any more; where
 * it may vote again one day, until then nothing that others count.
 */
import type { NodeId } from '../../node-id.ts'
import { PROTOCOL_NUMBERS } from '../../registry.ts'
import type { Arena, Invariant } from '../arena.ts'

export function abstention(): Invariant {
  let listening = false
  /** Who has said something since the last look. */
  const heard = new Set<NodeId>()

  function listen({ network, protocol, vocabulary }: Arena): void {
    listening = true
    for (const [number, { counted }] of vocabulary) {
      const binding = protocol.abstains ? number >= PROTOCOL_NUMBERS : counted
      if (binding) network.listen(number, (from) => heard.add(from))
    }
  }

  return {
    name: 'abstention',
    afterStep(arena: Arena) {
      // Where all is explored there is no network.
      if (!arena.network) return null
      if (!listening) listen(arena)
      const speaker = arena.processes.find(({ id, node }) => node?.memory === 'lost' && heard.has(id))
      heard.clear()
      return speaker ? `${speaker.id.name} has forgotten what it held, and says what others count on` : null
    },
  }
}
