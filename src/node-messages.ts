/**
 * The node's own messages and records, the same under every protocol.
 *
 *     gathering node ── Announce ──> all          who is there, with which memory (roll-call.ts)
 *     node with a disk ── Epoch ──> all           whether it is the newest that the node has had (freshness.ts)
 *     origin ── Forward ──> target ── Answer ──> origin
 */
import { bool, bytes, list, message, nested, record, string, struct, uint32, uint53 } from './codec/schema.ts'
import { Command } from './command.ts'

/**
 * Sent by a node that gathers the first members, and as an answer by one that has begun. `incarnation` names the sender's
 * memory, 0 where it knows that it has forgotten; `seen` has one of each member by its number, 0 where unknown. `founding` is the
 * name of the cluster's start, 0 while the sender gathers. `challenge` is what the receiver has to echo to be believed, `echo` what the receiver asked for last: so the words of a
 * dead life, which may arrive late, are not taken for a new one's.
 */
export class Announce extends message({
  incarnation: uint53,
  seen: list(uint53),
  founding: uint32,
  challenge: uint53,
  echo: uint53,
}) {}

/**
 * Compares how far disks have come (freshness.ts). `epochs`: by member number the last that the sender has on disk; its own
 * is 0 where it has forgotten. `founding` and `seen`: as in `Announce`. `asks`: whether it wants the same in return.
 */
export class Epoch extends message({ epochs: list(uint53), founding: uint32, seen: list(uint53), asks: bool }) {}

/** What a client has told of a request besides the command. */
export class Property extends struct({ name: string, value: string }) {}

/**
 * A client's request, sent on to the node that can serve it. `id` increases within one `life` of the origin, which is
 * a random number drawn at each start, so that a repeated frame is not a second request. `timeoutMs` is how long the origin is going to wait, less a margin.
 * `properties` are there only where the protocol asks for them.
 * What one client has pipelined arrives in its order only if no network reorders it: see `FORWARD_NUMBER`.
 */
export class Forward extends message({
  life: uint53,
  id: uint53,
  command: nested(Command),
  read: uint32,
  timeoutMs: uint32,
  properties: list(Property),
}) {}

/** The number of `Forward` on the wire, for a transport that must keep these in order and sees nothing but frames. */
export const FORWARD_NUMBER = 3

/**
 * The outcome of a forwarded request. `code` is 0 for success, else the place in `REFUSALS` counted from 1, or from 100
 * on what an executed command came to instead of what it asked for.
 */
export class Answer extends message({
  life: uint53,
  id: uint53,
  code: uint32,
  reason: string,
  absent: bool,
  value: bytes,
  version: uint53,
  slot: uint53,
  ballot: uint53,
}) {}

/** The roll call is over; by `seen` this node tells later which peers have forgotten. `lost`: it has itself. */
export class Founded extends record({ founding: uint32, seen: list(uint53), lost: bool }) {}

/** A node that had lost its memory has it back from its peers. */
export class Regained extends record({}) {}

/** By member number: this node's own epoch, and the last that was heard of each other one. */
export class Epochs extends record({ epochs: list(uint53) }) {}
