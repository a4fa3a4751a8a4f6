/**
 * Who holds what of registers: once a tag was acknowledged to a client, no phase-1 quorum of nodes that serve may lack
 * it, or a later read might miss it. This is seen at once, where a history shows it only if such a read comes.
 */
import type { Ballots } from '../../ballots.ts'
import type { NodeId } from '../../node-id.ts'
import type { QuorumSystem } from '../../quorum/index.ts'
import type { Arena } from '../arena.ts'
import type { Clients } from '../clients.ts'
import type { Process } from '../process.ts'
import { KeptTags } from './kept-tags.ts'
import { holdsRegisters } from './registers.ts'

/** What one node has shown. */
interface Seen {
  serves: boolean
  readonly kept: KeptTags
}

/** The nodes of a run, as they were seen last. What is not on disk yet does not count as held. */
export class Holders {
  readonly #seen = new Map<NodeId, Seen>()
  /** Of each key the highest tag that was acknowledged. */
  readonly #tags = new Map<string, number>()
  /** How much of what was acknowledged is among them. */
  #heard = 0

  /** Looks at what a step has changed; a sentence when an acknowledged tag may be missed. */
  look({ processes, clients: { acknowledged, keys } }: Pick<Arena, 'processes' | 'clients'>): string | null {
    for (const process of processes) {
      const { replica, node } = process
      // It died in the middle of a turn, and forgot what it had just begun to send.
      if (!node && !process.disk.durable) this.#seen.delete(process.id)
      const system = (replica as { quorum?: QuorumSystem } | null)?.quorum
      if (!node?.memory || !system || !holdsRegisters(process)) continue
      this.#hear(acknowledged)
      this.#see(process, keys)
      const fault = this.#judge(system, node.ballots)
      if (fault) return fault
    }
    return null
  }

  #hear(acknowledged: Clients['acknowledged']): void {
    for (; this.#heard < acknowledged.length; this.#heard++) {
      const { key, version } = acknowledged[this.#heard]!
      this.#tags.set(key, Math.max(version, this.#tags.get(key) ?? 0))
    }
  }

  #see(process: Process, keys: Iterable<string>): void {
    let seen = this.#seen.get(process.id)
    if (!seen) this.#seen.set(process.id, (seen = { serves: false, kept: new KeptTags() }))
    seen.kept.look(process, keys)
    seen.serves = process.replica!.status().ready
  }

  #judge(system: QuorumSystem, ballots: Ballots): string | null {
    for (const [key, tag] of this.#tags) {
      const lacking = [...this.#seen].filter(([, { serves, kept }]) => serves && kept.get(key) < tag)
      const members = lacking.map(([id]) => id)
      if (!system.phase1.includes(members)) continue
      const names = members.map(({ name }) => name).join(', ')
      return `key ${key} was acknowledged with tag ${ballots.format(tag)}, which a phase-1 quorum lacks: ${names}`
    }
    return null
  }
}
