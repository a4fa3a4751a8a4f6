/**
 * A leader counts no confirmation of a reads' round that was not given to it at the ballot that it leads with: one of an
 * earlier lead says nothing of this one.
 */
import type { NodeId } from '../../node-id.ts'
import type { Tally } from '../../quorum/index.ts'
import type { Arena, Invariant } from '../arena.ts'
import { read } from '../vocabulary.ts'

interface Confirming {
  readonly role: string
  readonly promised: number
  readonly reads: { readonly confirming: { readonly round: { readonly number: number; readonly tally: Tally } | null } }
}

export function confirmed(): Invariant {
  let listening = false
  /** By leader, ballot and round who has confirmed. */
  const given = new Map<string, Set<NodeId>>()
  const keyOf = (leader: NodeId, ballot: number, round: number) => `${leader.name} ${ballot} ${round}`

  function listen({ network, vocabulary }: Arena): void {
    listening = true
    for (const [number, { name }] of vocabulary) {
      if (name !== 'Confirmed') continue
      network.listen(number, (from, to, frame) => {
        const { ballot, round } = read(frame, vocabulary)!.message as { ballot: number; round: number }
        const key = keyOf(to, ballot, round)
        given.set(key, (given.get(key) ?? new Set()).add(from))
      })
    }
  }

  return {
    name: 'confirmed',
    afterStep(arena: Arena) {
      if (!arena.network) return null
      if (!listening) listen(arena)
      for (const { id, replica } of arena.processes) {
        const paxos = replica as Partial<Confirming> | null
        const round = paxos?.role === 'leader' ? paxos.reads?.confirming.round : null
        if (!round) continue
        const by = given.get(keyOf(id, paxos!.promised!, round.number))
        const stale = arena.cluster.members.find((m) => m !== id && round.tally.has(m) && !by?.has(m))
        if (stale) return `${id.name} counts what ${stale.name} has confirmed to an earlier lead`
      }
      return null
    },
  }
}
