/** What the nodes of a protocol of registers hold: it has no log whose execution could be shown, but a tag on each value. */
import { bytesText, type Format } from '../../src/sim/format.ts'
import type { Process } from '../../src/sim/process.ts'

/** `k=red at 1.1.1`, or null where the process has no value. */
function registerText({ store }: Process, key: string, format: Format): string | null {
  const held = store?.get(key)
  return held?.value ? `${key}=${bytesText(held.value)} at ${format.value(held.version)}` : null
}

/** What a process holds of these keys, in their order; nothing where values are the outcome of a log. */
export function registersOf(process: Process, keys: Iterable<string>, format: Format): string[] {
  if (process.replica?.status().executed !== null) return []
  return [...keys].sort().flatMap((key) => registerText(process, key, format) ?? [])
}

/** Remembers what each process held. */
export class Registers {
  readonly #format: Format
  readonly #keys: ReadonlySet<string>
  readonly #held = new Map<Process, readonly string[]>()

  constructor(format: Format, keys: ReadonlySet<string>) {
    this.#format = format
    this.#keys = keys
  }

  /** What a process holds that it did not hold at the last call; one line each. */
  changes(process: Process): string[] {
    const before = this.#held.get(process) ?? []
    const held = registersOf(process, this.#keys, this.#format)
    this.#held.set(process, held)
    return held.filter((text) => !before.includes(text)).map((text) => `${process.id.name} holds ${text}`)
  }
}
