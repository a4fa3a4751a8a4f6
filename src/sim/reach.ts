/** Who reaches whom on a cut network: the graph of the links that carry in both directions. */
import type { NodeId } from '../node-id.ts'
import type { Network } from './network.ts'

/** The part of a network that this is about. */
type Links = Pick<Network, 'isCut'>

/** Whether two of them can ask each other, and be answered, without a third. */
export function reaches(links: Links, a: NodeId, b: NodeId): boolean {
  return a === b || (!links.isCut(a, b) && !links.isCut(b, a))
}

/** Those among `members` that `id` reaches without a third, itself included. */
export function neighbourhood(links: Links, id: NodeId, members: readonly NodeId[]): NodeId[] {
  return members.filter((other) => reaches(links, id, other))
}

/** The groups of `members` that are joined, if only through others; each member is in one. */
export function components(links: Links, members: readonly NodeId[]): NodeId[][] {
  const left = new Set(members)
  const groups: NodeId[][] = []
  for (const first of left) {
    left.delete(first)
    const group = [first]
    for (const member of group) {
      for (const other of neighbourhood(links, member, [...left])) {
        left.delete(other)
        group.push(other)
      }
    }
    groups.push(group)
  }
  return groups
}

/** Whether a partition is full: whoever is joined at all is joined without a third. */
export function isFull(links: Links, members: readonly NodeId[]): boolean {
  return components(links, members).every((group) =>
    group.every((a) => neighbourhood(links, a, group).length === group.length),
  )
}
