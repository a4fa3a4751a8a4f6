/** What a judge says about one key, in indices of its timeline. */
import type { Limit } from './budget.ts'

/**
 * Linearizable: `order` is a linearization. Not linearizable: the shortest bad prefix of the history ends with the
 * return of `blocked`, and `order` is a linearization of what precedes that return. Unknown: a limit was reached.
 */
export type Judgement =
  | { readonly verdict: 'linearizable'; readonly order: Int32Array }
  | { readonly verdict: 'not linearizable'; readonly blocked: number; readonly order: Int32Array }
  | { readonly verdict: 'unknown'; readonly limit: Limit }
