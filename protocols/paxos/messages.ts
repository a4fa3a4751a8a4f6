/**
 * The messages of Multi-Paxos.
 *
 *     candidate ── Canvass ───> all     ── Canvassed ──> candidate    would you promise? (changes nothing)
 *     candidate ── Prepare ───> all     ── Prepared ───> candidate    phase 1
 *     leader    ── Accept ────> all     ── Accepted ───> leader       phase 2
 *     anyone    ── Refused ───> candidate, leader                     there is a higher ballot
 *     leader    ── Commit ────> others                                what is chosen, when no Accept carries it
 *     leader    ── Heartbeat ─> others  ── Heard ──────> leader
 *     laggard   ── Learn ─────> anyone  ── Learned ────> laggard      chosen slots
 *     laggard   ── Download ──> anyone  ── Downloaded ─> laggard      a snapshot, where the slots are truncated
 *     leader    ── Confirm ───> all     ── Confirmed ──> leader       does nobody lead at a higher ballot? for reads
 *     reader    ── Survey ────> all     ── Surveyed ───> reader       how far do the votes go? for reads
 *     reader    ── Fill ──────> leader                                slots that nothing comes for
 *     leader    ── TakeOver ──> follower                              campaign at once: the leader is about to end
 */
import { bool, bytes, Command, list, message, struct, uint53 } from '#core'

/** What a node last accepted in a slot; no commands are a no-op. `chosen` spares the reader another vote on it. */
export class Vote extends struct({ slot: uint53, ballot: uint53, chosen: bool, commands: list(Command) }) {}

/**
 * A node that hears no leader asks whether the others hear one. `round` tells its polls apart. By `executed` they see whether
 * one of them could lead sooner.
 */
export class Canvass extends message({ round: uint53, executed: uint53 }) {}

/**
 * The answer to a poll. `granted`: this node hears no leader, and knows none that should lead instead. Without a quorum of such answers nobody campaigns, so a
 * node that alone cannot hear the leader does not depose it (Ongaro 2014, §9.6). `promised` is the ballot to surpass.
 */
export class Canvassed extends message({ round: uint53, promised: uint53, granted: bool }, { counted: true }) {}

/** Phase 1a: a candidate opens `ballot` for every slot from `from` on. */
export class Prepare extends message({ ballot: uint53, from: uint53 }) {}

/**
 * Phase 1b: what a new leader must respect: the votes for the slots in [`from`, `end`), and whether there are `more`,
 * for which the candidate asks with its next `from`. Below `floor` lies a snapshot: a candidate that has not executed
 * so far must fetch it before it proposes.
 */
export class Prepared extends message(
  {
    ballot: uint53,
    from: uint53,
    end: uint53,
    more: bool,
    floor: uint53,
    votes: list(Vote),
  },
  { counted: true },
) {}

/** Phase 2a. All slots below `committed` are chosen; where the receiver's vote is of `ballot`, it has the value. */
export class Accept extends message({ ballot: uint53, slot: uint53, committed: uint53, commands: list(Command) }) {}

/** Phase 2b: a vote. */
export class Accepted extends message({ ballot: uint53, slot: uint53 }, { counted: true }) {}

/**
 * Instead of a promise or a vote: the receiver's ballot is out of date. A message of its own, since a late refusal of an
 * earlier ballot may name the very ballot that its owner has opened since, and must not pass for an answer to that.
 */
export class Refused extends message({ ballot: uint53 }) {}

/** All slots below `committed` are chosen. The ballot says by which votes: others may hold another value. */
export class Commit extends message({ ballot: uint53, committed: uint53 }) {}

/** The leader lives. Everyone has executed the slots below `floor`: they may be forgotten. */
export class Heartbeat extends message({ ballot: uint53, committed: uint53, floor: uint53 }, { first: true }) {}

/** The answer to a heartbeat, from voting nodes only. */
export class Heard extends message({ ballot: uint53, executed: uint53 }, { first: true }) {}

/** Asks for chosen slots from `from` on. */
export class Learn extends message({ from: uint53 }) {}

/** Chosen slots in order; none when they lie below `floor`. The sender has executed the slots below `executed`. */
export class Learned extends message({ floor: uint53, executed: uint53, votes: list(Vote) }) {}

/** Asks for piece number `piece` of a snapshot. `id` is the reader's name for this one download. */
export class Download extends message({ id: uint53, piece: uint53 }) {}

/** One piece of a snapshot that covers the slots below `slot`. A first piece of another `slot` starts it anew. */
export class Downloaded extends message({ id: uint53, slot: uint53, piece: uint53, last: bool, data: bytes }) {}

/**
 * For reads that the leader has from its own store: asks whether its ballot is still the highest. `round` tells its
 * questions apart: what was said before a read arrived is no answer for that read.
 */
export class Confirm extends message({ ballot: uint53, round: uint53 }) {}

/** From voting nodes only: no higher ballot was promised here when the question came. */
export class Confirmed extends message({ ballot: uint53, round: uint53 }, { counted: true }) {}

/**
 * For reads that any node has from its own store: asks how far the votes go. `round` begins at random in each life, so
 * that an answer to an earlier life, which may be older than a write, is not taken for one.
 */
export class Survey extends message({ round: uint53 }) {}

/** From voting nodes only: above all slots that were voted on here, on disk or not. */
export class Surveyed extends message({ round: uint53, end: uint53 }, { counted: true }) {}

/** To the leader: somebody waits for the slots below `end`, of which some may belong to nobody any more. */
export class Fill extends message({ end: uint53 }) {}

/** From the leader at `ballot`, which is about to end: its receiver need not wait for silence (Ongaro 2014, §3.10). */
export class TakeOver extends message({ ballot: uint53 }) {}
