/** What replicas execute commands on. The key-value store is one; applications bring their own. */
import type { Command } from '../command.ts'
import type { Result } from '../request.ts'

/** A deterministic state machine: same commands in the same order, same state, on every node. */
export interface StateMachine {
  /** Applies a command and tells what it did. Keeps no view on the command's bytes. */
  execute(command: Command): Result
  /** The value under `key`, null when absent, and its version: for protocols of registers, which order no commands. */
  get(key: string): Result
  /**
   * Writes `value` under `key` with this version, which such a protocol chooses. Keeps no view on the bytes.
   * @returns the previous value and the new version
   */
  set(key: string, value: Uint8Array | null, version: number): Result
  /** The whole state at this moment, in self-contained pieces, made as they are taken; writes may go on meanwhile. */
  snapshot(): Iterable<Uint8Array>
  /**
   * Replaces the state by a snapshot's pieces, in order.
   * @throws SynodError `malformed` when they are no snapshot; the state is then as it was
   */
  restore(pieces: Iterable<Uint8Array>): void
  /** The keys a command touches: commands without a common key commute. */
  keys(command: Command): readonly string[]
  /** Whether a command leaves the state as it is. */
  isRead(command: Command): boolean
  /** A number that is equal wherever the state is equal, and hardly ever elsewhere. */
  hash(): number
}
