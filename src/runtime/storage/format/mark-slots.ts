/**
 * The form of the mark: how far the log is known to be acknowledged, in a file of its own. A log that ends before its mark
 * has lost something, though its last bytes look like a write that a crash cut short.
 *
 *     byte   0 | slot |        the slots are written in turn, so that one is whole whatever becomes of the other
 *          512 | slot |
 *
 *     slot     +--------------+-------------------+---------------+-----------+
 *              | incarnation  | number of the     | acknowledged  | CRC (u32) |      the first three are f64,
 *              |              | log file          | up to byte    |           |      little endian
 *              +--------------+-------------------+---------------+-----------+
 */
import { crc32 } from './crc32.ts'
import { damage } from './damage.ts'
import type { Source } from './window.ts'

/** A place in the log. */
export interface Position {
  readonly number: number
  readonly end: number
}

const SLOT_BYTES = 28

/** Where the two slots are. */
export const SLOT_OFFSETS = [0, 512] as const

/** How long a mark is. */
export const MARK_BYTES = 1024

/** The bytes of a slot. */
export function encodeSlot(incarnation: number, { number, end }: Position): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES)
  const view = new DataView(bytes.buffer)
  view.setFloat64(0, incarnation, true)
  view.setFloat64(8, number, true)
  view.setFloat64(16, end, true)
  view.setUint32(24, crc32(bytes.subarray(0, 24)), true)
  return bytes
}

/**
 * What was acknowledged, as far as a mark says, and in which slot that stands; null when neither slot is whole.
 * @throws Damage when it is the mark of another memory
 */
export function readMark(file: Source, incarnation: number): { position: Position | null; slot: number } {
  const slots = SLOT_OFFSETS.map((offset) => readSlot(file, offset))
  if (slots.some((slot) => slot && slot.incarnation !== incarnation)) {
    throw damage(file.path, 0, 'the mark belongs to the records of another directory')
  }
  const slot = isBehind(slots[0]!, slots[1]!) ? 1 : 0
  return { position: slots[slot]!, slot }
}

function readSlot(file: Source, offset: number): (Position & { readonly incarnation: number }) | null {
  const bytes = new Uint8Array(SLOT_BYTES)
  if (file.read(bytes, offset) < SLOT_BYTES) return null
  const view = new DataView(bytes.buffer)
  if (view.getUint32(24, true) !== crc32(bytes.subarray(0, 24))) return null
  const [incarnation, number, end] = [0, 8, 16].map((at) => view.getFloat64(at, true)) as [number, number, number]
  return { incarnation, number, end }
}

/** Whether the first place is before the second. No place is before all others. */
function isBehind(a: Position | null, b: Position | null): boolean {
  if (!a || !b) return a === null
  return a.number < b.number || (a.number === b.number && a.end < b.end)
}
