/** What an ABD node must not forget. */
import { bool, bytes, record, string, uint32, uint53 } from '#core'

/** This life of the node has begun: the operations of an earlier one are not its own, and their names are used up. */
export class Began extends record({ life: uint32 }) {}

/** One piece of a snapshot of all that this node holds; it counts once the last piece is there. */
export class Piece extends record({ last: bool, data: bytes }) {}

/** The newest that this node holds of `key`; a deleted one is `absent`. If it owns the tag, it never issues it again. */
export class Held extends record({ key: string, tag: uint53, absent: bool, value: bytes }) {}
