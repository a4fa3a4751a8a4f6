/** Every phase-1 quorum meets every phase-2 quorum: looked at for the quorum systems that the replicas really use. */
import type { NodeId } from '../../node-id.ts'
import type { QuorumSystem } from '../../quorum/index.ts'
import type { Arena, Invariant } from '../arena.ts'

export function intersection(): Invariant {
  const sound = new Set<string>()
  return {
    name: 'quorums meet',
    afterStep({ processes, cluster }: Arena) {
      for (const { replica } of processes) {
        const system = (replica as { quorum?: QuorumSystem } | null)?.quorum
        if (!system || sound.has(system.name)) continue
        const apart = disjoint(system, cluster.members)
        if (apart) {
          const [one, two] = apart.map((members) => members.map(({ name }) => name).join(', '))
          return `${system.name}: phase 1 takes ${one}, phase 2 takes ${two}, and nobody is in both`
        }
        sound.add(system.name)
      }
      return null
    },
  }
}

/** A phase-1 quorum and a phase-2 quorum without a common member; null when there are none. */
function disjoint({ phase1, phase2 }: QuorumSystem, members: readonly NodeId[]): [NodeId[], NodeId[]] | null {
  // A quorum's supersets are quorums, too, so it suffices to look at the two parts of each partition.
  for (let set = 0; set < 2 ** members.length; set++) {
    const inside = members.filter((_, index) => (set >> index) & 1)
    const outside = members.filter((_, index) => !((set >> index) & 1))
    if (phase1.includes(inside) && phase2.includes(outside)) return [inside, outside]
  }
  return null
}
