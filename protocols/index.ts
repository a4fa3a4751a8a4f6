/** The protocols that come with Synod: one line each, loaded when asked for. */
import type { Protocol } from '#core'

/** Name to module; the module's default export is the protocol. */
export const protocols: Readonly<Record<string, () => Promise<{ default: Protocol }>>> = {
  abd: () => import('./abd/index.ts'),
  paxos: () => import('./paxos/index.ts'),
}
