/** What a node knows of messages and records: their numbers on the wire and on disk, their codecs, their handlers. */
import { type Codec, codecOf, fingerprint } from './codec/compile.ts'
import type { Declared, Kind, Module } from './codec/schema.ts'
import { SynodError } from './errors.ts'
import type { RecordKind } from './seams.ts'

/** One declared class of a node. */
export interface Registered {
  readonly name: string
  readonly number: number
  readonly declared: Declared
  readonly codec: Codec
  readonly first: boolean
  /** The bound `on<Message>` or `recover<Record>`. */
  readonly handle: (value: unknown, from?: unknown) => void
}

/** Numbers below this are the node's own; a protocol's follow, in the alphabetical order of their names. */
export const PROTOCOL_NUMBERS = 16

export class Registry {
  readonly #byNumber: (Registered | undefined)[] = []
  readonly #byClass = new Map<Declared, Registered>()

  /** Adds all classes of one kind in a module. `prefix` is `on` for messages and `recover` for records. */
  add(module: Module, kind: Kind, prefix: 'on' | 'recover', handlers: object, firstNumber: number): void {
    const names = Object.keys(module).filter((name) => isDeclared(module[name], kind))
    for (const [index, name] of names.sort().entries()) {
      const declared = module[name] as Declared
      const handler = (handlers as Readonly<Record<string, unknown>>)[prefix + name]
      if (typeof handler !== 'function') throw new SynodError('internal', `no ${prefix}${name} for ${kind} ${name}`)
      const number = firstNumber + index
      if (this.#byNumber[number]) throw new SynodError('internal', `${kind}s are registered twice`)
      const handle = handler.bind(handlers) as Registered['handle']
      const entry = { name, number, declared, codec: codecOf(declared), first: declared.first, handle }
      this.#byNumber[number] = entry
      this.#byClass.set(declared, entry)
    }
  }

  of(declared: Declared): Registered {
    const entry = this.#byClass.get(declared)
    if (!entry) throw new SynodError('internal', `${declared.name} is not registered`)
    return entry
  }

  at(number: number): Registered | undefined {
    return this.#byNumber[number]
  }

  /** The classes by name and shape. The node's own have names that no protocol's class can have. */
  get kinds(): RecordKind[] {
    return [...this.#byClass.values()].map(({ name, number, declared }) => ({
      number,
      name: number < PROTOCOL_NUMBERS ? `node.${name}` : name,
      shape: fingerprint([declared]),
    }))
  }

  /** Equal for nodes that speak the same language. */
  get fingerprint(): string {
    return fingerprint([...this.#byClass.keys()])
  }
}

function isDeclared(value: unknown, kind: Kind): boolean {
  return typeof value === 'function' && (value as Partial<Declared>).kind === kind
}
