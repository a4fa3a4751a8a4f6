/** All invariants; a run makes its own. */
import type { Invariant } from '../arena.ts'
import { agreement } from './agreement.ts'
import { healthy } from './healthy.ts'
import { linearizable } from './linearizable.ts'
import { monotone } from './monotone.ts'
import { quorum } from './quorum.ts'
import { sameState } from './same-state.ts'

export function invariants(): Invariant[] {
  return [healthy(), agreement(), quorum(), sameState(), monotone(), linearizable()]
}
