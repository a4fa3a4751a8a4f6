/** What a Paxos node must not forget. */
import { bool, bytes, Command, list, record, uint53 } from '#core'

/** No ballot below this one is answered any more; and this node, if it owns it, never issues it again. */
export class Promised extends record({ ballot: uint53 }) {}

/** The vote in a slot; it replaces the slot's earlier vote. */
export class Voted extends record({ slot: uint53, ballot: uint53, commands: list(Command) }) {}

/** The votes recorded for the slots below `slot` are the chosen ones, and have been executed. */
export class Executed extends record({ slot: uint53 }) {}

/** One piece of a snapshot that stands for all slots below `slot`; it counts once the last piece is there. */
export class Piece extends record({ slot: uint53, piece: uint53, last: bool, data: bytes }) {}
