/**
 * The schema language: one class per message, record and struct, declared as
 * `class Prepare extends message({ ballot: uint53, from: uint53 }) {}`.
 * From the one declaration come the TypeScript type, the protobuf codec (`compile.ts`) and the handler's name.
 * Every field is required, so encoders are straight-line code and truncated input is refused.
 */

/** A field's type: how protobuf carries it, and (as `T`, at compile time only) what TypeScript sees. */
export interface Field<T> {
  readonly wire: 'uint32' | 'double' | 'bool' | 'string' | 'bytes' | 'struct'
  readonly repeated: boolean
  /** Whether decoding must check for an integer in [0, 2^53 − 1]. */
  readonly integer: boolean
  /** The class of a `struct` field. */
  readonly struct?: StructClass
  /** Never set: it only carries `T`. */
  readonly type?: T
}

/** The fields of a declaration, by name. */
export type Fields = Readonly<Record<string, Field<unknown>>>

/** The values of declared fields. */
export type Values<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never
}

/** What a declared class is used for: sent between nodes, kept on disk, or nested in either. */
export type Kind = 'message' | 'record' | 'struct'

/** Any declared class. */
export interface Declared<K extends Kind = Kind> {
  new (values: never): object
  readonly name: string
  readonly kind: K
  readonly fields: Fields
  /** Whether a turn handles it before all others (heartbeats: load must not starve elections). */
  readonly first: boolean
  /** Whether its receivers count who says it (promises, votes): who has forgotten what it held does not. */
  readonly counted: boolean
}

export type MessageClass = Declared<'message'>
export type RecordClass = Declared<'record'>
export type StructClass = Declared<'struct'>

/** The static side of a class declared with fields `F`. */
export interface Declaration<F extends Fields, K extends Kind> {
  new (values: Values<F>): Values<F>
  readonly name: string
  readonly kind: K
  readonly fields: F
  readonly first: boolean
  readonly counted: boolean
}

/** The values that construct a declared class `C`. */
export type ValuesOf<C> = C extends { readonly fields: infer F extends Fields } ? Values<F> : never

/** An integer in [0, 2^32 − 1]. */
export const uint32: Field<number> = { wire: 'uint32', repeated: false, integer: false }
/** An integer in [0, 2^53 − 1], carried as a protobuf double: a 64-bit varint would allocate on each decode. */
export const uint53: Field<number> = { wire: 'double', repeated: false, integer: true }
/** A 64-bit floating point number. */
export const float64: Field<number> = { wire: 'double', repeated: false, integer: false }
/** True or false. */
export const bool: Field<boolean> = { wire: 'bool', repeated: false, integer: false }
/** Well-formed Unicode text. */
export const string: Field<string> = { wire: 'string', repeated: false, integer: false }
/** Bytes. Decoded bytes are views on the received buffer: copy what is kept. */
export const bytes: Field<Uint8Array> = { wire: 'bytes', repeated: false, integer: false }

/** A field that holds one value of a struct. */
export function nested<C extends StructClass>(struct: C): Field<InstanceType<C>> {
  return { wire: 'struct', repeated: false, integer: false, struct }
}

/** A field that holds any number of values, in order: of a struct, or of another field's type, as `list(uint53)`. */
export function list<C extends StructClass>(element: C): Field<readonly InstanceType<C>[]>
export function list<T>(element: Field<T>): Field<readonly T[]>
export function list(element: StructClass | Field<unknown>): Field<readonly unknown[]> {
  const field = typeof element === 'function' ? nested(element) : element
  return { ...field, repeated: true, type: [] }
}

/** What a message is beside its fields; both are false when left out. */
export interface MessageOptions {
  readonly first?: boolean
  readonly counted?: boolean
}

function declare<F extends Fields, K extends Kind>(
  kind: K,
  fields: F,
  { first = false, counted = false }: MessageOptions = {},
): Declaration<F, K> {
  class Base {
    static readonly kind = kind
    static readonly fields = fields
    static readonly first = first
    static readonly counted = counted
    constructor(values: Values<F>) {
      Object.assign(this, values)
    }
  }
  return Base as unknown as Declaration<F, K>
}

/**
 * Declares a message: `class Accept extends message({ ballot: uint53 }) {}`. Gives the class to extend; its name and
 * fields are what the wire knows it by. `Node.register` asks for an `onAccept` that handles it.
 * @param options `first`: handled before all other messages of a turn; `counted`: receivers count who says it towards a
 *   quorum, and the simulator holds nodes that have forgotten to their silence
 */
export function message<F extends Fields>(fields: F, options: MessageOptions = {}): Declaration<F, 'message'> {
  return declare('message', fields, options)
}

/**
 * Declares a record for the log on disk: `class Promised extends record({ ballot: uint53 }) {}`. Gives the class to
 * extend. `Node.register` asks for a `recoverPromised` that takes it back at the next start.
 */
export function record<F extends Fields>(fields: F): Declaration<F, 'record'> {
  return declare('record', fields)
}

/**
 * Declares a part of messages and records: `class Vote extends struct({ slot: uint53 }) {}`. Gives the class to extend;
 * `nested(Vote)` and `list(Vote)` are fields of it.
 */
export function struct<F extends Fields>(fields: F): Declaration<F, 'struct'> {
  return declare('struct', fields)
}

/** A module of declarations: `import * as messages from './messages.ts'`. */
export type Module = Readonly<Record<string, unknown>>

type Handled<M, P extends string, K extends Kind, Rest extends unknown[]> = {
  [N in keyof M as M[N] extends { readonly kind: K } ? `${P}${N & string}` : never]: M[N] extends abstract new (
    ...args: never
  ) => infer S
    ? (value: S, ...rest: Rest) => void
    : never
}

/** What must handle the messages of module `M`: one `on<Message>(message, from)` each. */
export type Handlers<M, Sender> = Handled<M, 'on', 'message', [from: Sender]>

/** What must recover the records of module `R`: one `recover<Record>(record)` each. */
export type Recoverers<R> = Handled<R, 'recover', 'record', []>
