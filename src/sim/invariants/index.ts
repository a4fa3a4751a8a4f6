/** All invariants; a run makes its own. */
import type { Invariant } from '../arena.ts'
import { abstention } from './abstention.ts'
import { agreement } from './agreement.ts'
import { bounded } from './bounded.ts'
import { confirmed } from './confirmed.ts'
import { elected } from './elected.ts'
import { exactlyOnce } from './exactly-once.ts'
import { fenced } from './fenced.ts'
import { fresh } from './fresh.ts'
import { healthy } from './healthy.ts'
import { honestRefusals } from './honest-refusals.ts'
import { intersection } from './intersection.ts'
import { linearizable } from './linearizable.ts'
import { monotone } from './monotone.ts'
import { namesFirst } from './names-first.ts'
import { oneFounding } from './one-founding.ts'
import { onlyClients } from './only-clients.ts'
import { ownNames } from './own-names.ts'
import { promises } from './promises.ts'
import { quorum } from './quorum.ts'
import { sameState } from './same-state.ts'

export function invariants(): Invariant[] {
  return [
    healthy(),
    oneFounding(),
    intersection(),
    elected(),
    agreement(),
    quorum(),
    confirmed(),
    ownNames(),
    onlyClients(),
    honestRefusals(),
    sameState(),
    exactlyOnce(),
    monotone(),
    promises(),
    namesFirst(),
    abstention(),
    fenced(),
    fresh(),
    bounded(),
    linearizable(),
  ]
}
