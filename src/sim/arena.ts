/** All that a nemesis can strike and an invariant can look at. */
import type { Cluster } from '../node-id.ts'
import type { NodeOptions } from '../node-parts.ts'
import type { Protocol } from '../replica.ts'
import type { Chooser } from './chooser.ts'
import type { Clients } from './clients.ts'
import type { Network } from './network.ts'
import type { Process } from './process.ts'
import type { Vocabulary } from './vocabulary.ts'
import type { World } from './world.ts'

export interface Arena {
  readonly world: World
  readonly chooser: Chooser
  readonly network: Network
  readonly cluster: Cluster
  readonly processes: readonly Process[]
  readonly clients: Clients
  readonly protocol: Protocol
  readonly options: unknown
  /** All that nodes say to each other. */
  readonly vocabulary: Vocabulary
  readonly nodeOptions: NodeOptions
  /** Whether nodes keep their records over a crash. */
  readonly durable: boolean
}

/** A kind of fault. */
export interface Nemesis {
  readonly name: string
  /** Whether it can strike at all in such a run, once what other faults did is undone; left out, it always can. */
  applies?(arena: Arena): boolean
  /** Called once before the run, where a fault needs something to look back on. */
  prepare?(arena: Arena): void
  /** Strikes, and gives the way to undo just that; null when it may not strike now. */
  strike(arena: Arena): (() => void) | null
}

/** Something that must hold in every run. A run has its own, with its own memory. */
export interface Invariant {
  readonly name: string
  /** Looks after each event; a sentence when it is violated. */
  afterStep?(arena: Arena): string | null
  /** Looks when all faults are gone and all that was pending has finished. */
  atRest?(arena: Arena): string | null
  /** Looks once the run is over. */
  atEnd?(arena: Arena): string | null
}
