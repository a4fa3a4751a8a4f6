/** The key-value store, with a count of the commands that it has executed. */
import type { Command } from '../command.ts'
import type { Result } from '../request.ts'
import { KeyValueStore } from '../store/kv-store.ts'

export class CountedStore extends KeyValueStore {
  /** Commands executed, and values set by protocols without a log. */
  applied = 0

  override execute(command: Command): Result {
    this.applied += 1
    return super.execute(command)
  }

  /** Writes without a version are parts of a command. */
  override set(key: string, value: Uint8Array | null, version?: number): Result {
    if (version !== undefined) this.applied += 1
    return super.set(key, value, version)
  }
}
