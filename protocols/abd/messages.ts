/**
 * The messages of ABD.
 *
 *     coordinator ── Query ──> all    ── Queried ──> coordinator    phase 1: what do you hold of this key?
 *     coordinator ── Store ──> all    ── Stored ───> coordinator    phase 2: hold this, unless you hold something newer
 *
 * A write asks for tags, then stores under a higher one. A read asks for values, and stores the newest where it is
 * missing, so that no later read finds an older one.
 *
 * `life` and `id` name the operation, and are never used again: a repeated or late answer counts for no other one.
 */
import { bool, bytes, message, string, uint32, uint53 } from '#core'

/** Phase 1, to all, and again to those who are silent. `full`: the answer is to bring the value; a write needs none. */
export class Query extends message({ life: uint32, id: uint53, key: string, full: bool }) {}

/**
 * The answer: what the sender holds on disk. `tag` 0 is a key that was never written, which is not the same as one that
 * holds the empty value. `absent`: the key was deleted under that tag. `value` is empty then, and when it was not asked
 * for.
 */
export class Queried extends message({ life: uint32, id: uint53, tag: uint53, absent: bool, value: bytes }) {}

/**
 * Phase 2, to those not known to hold `tag`, and again to those who are silent. Only the tag's owner makes up a value
 * for it, once; others who send it have read it. `absent` is a delete: a write of no value, which leaves its tag behind,
 * or an older value would come back.
 */
export class Store extends message({
  life: uint32,
  id: uint53,
  key: string,
  tag: uint53,
  absent: bool,
  value: bytes,
}) {}

/** The sender holds, on disk, the stored tag or a higher one. */
export class Stored extends message({ life: uint32, id: uint53 }) {}
