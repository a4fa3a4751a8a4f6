/** A node's records between their classes and the storage: those that come back at the start, and those of a checkpoint. */
import type { RecordClass } from './codec/schema.ts'
import { SynodError } from './errors.ts'
import type { Parts } from './node-parts.ts'
import type { Registry } from './registry.ts'
import type { Storage, StoredRecord } from './seams.ts'

/**
 * Hands all that was on disk to the handlers, in order.
 * @throws SynodError `malformed` for a record that nobody knows or that does not decode
 */
export function recoverAll(storage: Storage, registry: Registry): void {
  for (const { number, payload } of storage.recover(registry.kinds)) {
    const entry = registry.at(number)
    if (!entry) throw new SynodError('malformed', `the log holds a record of unknown number ${number}`)
    entry.handle(entry.codec.decode(payload))
  }
}

/** Lets these records take the place on disk of all that were persisted so far. */
export function checkpoint(
  { storage, log }: Pick<Parts, 'storage' | 'log'>,
  registry: Registry,
  lists: readonly Iterable<object>[],
  failed: (error: unknown) => void,
): void {
  storage.checkpoint(encodeAll(registry, lists), () => log.info('checkpoint'), failed)
}

/** Records as the storage takes them, encoded one by one as they are taken. */
function* encodeAll(registry: Registry, lists: readonly Iterable<object>[]): Generator<StoredRecord> {
  for (const records of lists) {
    for (const record of records) {
      const { number, codec } = registry.of(record.constructor as RecordClass)
      yield { number, payload: codec.encode(record, 0) }
    }
  }
}
