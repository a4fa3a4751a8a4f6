/** Compiles declared classes to protobuf codecs. The schema is our own code's, never a peer's. */
import protobuf from 'protobufjs'
import { SynodError } from '../errors.ts'
import type { Declared, Field, ValuesOf } from './schema.ts'

/** Encodes and decodes one declared class. */
export interface Codec<T = unknown> {
  /** The values as a frame's payload, behind `header` free bytes for the caller to fill. */
  encode(values: T, header: number): Uint8Array
  /**
   * The values in a payload. Decoded bytes are views on it.
   * @throws SynodError `malformed` when it is truncated, lacks a field, or an integer is out of range
   */
  decode(payload: Uint8Array): T
}

type Check = (value: Readonly<Record<string, unknown>>) => void

const root = new protobuf.Root()
const compiled = new Map<Declared, { type: protobuf.Type; check: Check | null }>()
const writer = protobuf.Writer.create()
let types = 0

/** The codec of a class declared with `message`, `record` or `struct`. */
export function codecOf<C extends Declared>(declared: C): Codec<ValuesOf<C>> {
  const { type, check } = compile(declared)
  return {
    encode(values, header) {
      type.encode(values as object, writer.reset())
      const frame = new Uint8Array(header + writer.pos)
      writer.finishInto(frame, header)
      return frame
    },
    decode(payload) {
      let decoded: Readonly<Record<string, unknown>>
      try {
        decoded = type.decode(payload) as unknown as Readonly<Record<string, unknown>>
      } catch (error) {
        throw new SynodError('malformed', `${declared.name}: ${error instanceof Error ? error.message : String(error)}`)
      }
      check?.(decoded)
      return decoded as unknown as ValuesOf<C>
    },
  }
}

function compile(declared: Declared): { type: protobuf.Type; check: Check | null } {
  const known = compiled.get(declared)
  if (known) return known
  // A number keeps names apart: two protocols may both declare a Prepare.
  const type = new protobuf.Type(`${declared.name}_${types++}`)
  const checks: Check[] = []
  let id = 1
  for (const [name, field] of Object.entries(declared.fields)) {
    const wire = field.struct ? compile(field.struct).type.name : field.wire
    type.add(new protobuf.Field(name, id++, wire, field.repeated ? 'repeated' : 'required'))
    const check = checkOf(declared.name, name, field)
    if (check) checks.push(check)
  }
  root.add(type)
  const result = { type, check: checks.length === 0 ? null : all(checks) }
  compiled.set(declared, result)
  return result
}

function all(checks: readonly Check[]): Check {
  if (checks.length === 1) return checks[0]!
  return (value) => {
    for (const check of checks) check(value)
  }
}

/** What a decoded field must satisfy beyond its wire type, or null. */
function checkOf(owner: string, name: string, field: Field<unknown>): Check | null {
  const nested = field.struct ? compile(field.struct).check : null
  const one = field.integer ? (value: unknown) => checkInteger(owner, name, value) : nested
  if (!one) return null
  if (!field.repeated) return (value) => one(value[name] as Readonly<Record<string, unknown>>)
  return (value) => {
    for (const element of value[name] as readonly Readonly<Record<string, unknown>>[]) one(element)
  }
}

function checkInteger(owner: string, name: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw new SynodError('malformed', `${owner}.${name}: ${String(value)} is no integer from 0 to 2^53 - 1`)
  }
}

/** A short name for the whole shape of some classes: nodes with another one speak another language. */
export function fingerprint(classes: Iterable<Declared>): string {
  const shape = (declared: Declared): string =>
    `${declared.name}{${Object.entries(declared.fields)
      .map(
        ([name, f]) => `${name}:${f.struct ? shape(f.struct) : f.wire}${f.integer ? '53' : ''}${f.repeated ? '*' : ''}`,
      )
      .join()}}`
  let hash = 0x811c9dc5
  for (const char of [...classes].map(shape).join()) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
