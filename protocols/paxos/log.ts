/**
 * The slots of one replica.
 *
 *      truncated       executed         voted, some chosen
 *     |─────────────|────────────────|─────────────────────|
 *     0           floor          executed                 end
 */
import type { Command } from '#core'

/**
 * A proposal further than this above all slots that are known here is not heard: it is none of an honest leader's, or this
 * node is to catch up first. A pipeline has at most 4,096; and whoever leads fills all slots below such a one.
 */
export const LEAP = 65_536

/** The vote in a slot. */
export interface Entry {
  readonly slot: number
  /** The ballot of the vote; never goes back. */
  ballot: number
  commands: readonly Command[]
  /** Whether the commands are known to be chosen; from then on they never change. */
  chosen: boolean
}

/** What a slot and a command take in memory beside their keys and values. */
const OVERHEAD = 100

export class Log {
  /** The first slot that is kept. */
  floor = 0
  /** The first slot that is not executed. */
  executed = 0
  /** Above all slots that are kept. */
  end = 0
  /** About how many bytes the kept slots take. */
  bytes = 0
  readonly entries = new Map<number, Entry>()

  get(slot: number): Entry | undefined {
    return this.entries.get(slot)
  }

  /** Records a vote. A chosen slot keeps its commands: any later proposal for it has the same. */
  vote(slot: number, ballot: number, commands: readonly Command[]): Entry {
    const entry = this.entries.get(slot)
    if (!entry) return this.#add({ slot, ballot, commands, chosen: false })
    if (!entry.chosen) {
      this.bytes += bytesOf(commands) - bytesOf(entry.commands)
      entry.commands = commands
    }
    entry.ballot = Math.max(entry.ballot, ballot)
    return entry
  }

  /** Records that these commands are chosen. */
  choose(slot: number, ballot: number, commands: readonly Command[]): void {
    this.vote(slot, ballot, commands).chosen = true
  }

  /** The entries from `slot` on, in order. */
  *from(slot: number): Generator<Entry> {
    for (let at = Math.max(slot, this.floor); at < this.end; at++) {
      const entry = this.entries.get(at)
      if (entry) yield entry
    }
  }

  /** Forgets the executed slots below `floor`. */
  truncate(floor: number): void {
    const to = Math.min(floor, this.executed)
    for (; this.floor < to; this.floor++) this.#remove(this.floor)
  }

  /** Forgets executed slots, oldest first, until at most `bytes` are kept or nothing executed is left. */
  shrink(bytes: number): void {
    for (; this.bytes > bytes && this.floor < this.executed; this.floor++) this.#remove(this.floor)
  }

  /** Starts anew behind a snapshot of the slots below `slot`; votes above it stay. */
  reset(slot: number): void {
    for (const at of this.entries.keys()) if (at < slot) this.#remove(at)
    this.executed = slot
    this.floor = slot
    this.end = Math.max(this.end, slot)
  }

  #add(entry: Entry): Entry {
    this.entries.set(entry.slot, entry)
    this.bytes += bytesOf(entry.commands)
    this.end = Math.max(this.end, entry.slot + 1)
    return entry
  }

  #remove(slot: number): void {
    const entry = this.entries.get(slot)
    if (!entry) return
    this.bytes -= bytesOf(entry.commands)
    this.entries.delete(slot)
  }
}

/** About how many bytes a slot with these commands takes. */
function bytesOf(commands: readonly Command[]): number {
  let bytes = OVERHEAD
  for (const { key, value } of commands) bytes += OVERHEAD + key.length + value.length
  return bytes
}
