/** The JSON form of a request, `POST /` with `{"Key":1,"Value":"<base64>","ClientID":"1.1","CommandID":7}`. */
import { LosslessNumber, parse } from 'lossless-json'
import { type Command, get, put } from '../command.ts'
import { SynodError } from '../errors.ts'
import { isClientId, isCommandId } from './guard.ts'
import { parseKey } from './key.ts'

/** A decoded JSON request. An absent id leaves those of the headers in force. */
export interface JsonCommand {
  readonly command: Command
  /** One character per byte, as headers carry it. */
  readonly clientId: string | null
  readonly commandId: string | null
}

const FIELDS = new Set(['Key', 'Value', 'ClientID', 'CommandID'])
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const PRINTABLE = /^[\t\x20-\x7e\x80-\xff]*$/

function wrong(reason: string): SynodError {
  return new SynodError('malformed', reason)
}

/** The object's members, numbers kept as their digits. Node's own parser goes first: it stands any depth. */
function members(body: Uint8Array): Map<string, unknown> {
  let parsed: unknown
  try {
    const text = UTF8.decode(body)
    const shape: unknown = JSON.parse(text)
    if (typeof shape !== 'object' || shape === null || Array.isArray(shape)) throw wrong('the body is no JSON object')
    for (const [name, value] of Object.entries(shape)) {
      if (!FIELDS.has(name)) throw wrong('the JSON object has a member besides Key, Value, ClientID and CommandID')
      if (typeof value === 'object' && value !== null) throw wrong(`${name} is no plain value`)
    }
    parsed = parse(text)
  } catch (error) {
    throw error instanceof SynodError ? error : wrong('the body is no JSON')
  }
  return new Map(Object.entries(parsed as object))
}

function integer(value: unknown): string | null {
  return value instanceof LosslessNumber ? value.value : null
}

function decodeValue(value: unknown): Uint8Array | null {
  if (value === undefined || value === null) return null
  if (typeof value !== 'string') throw wrong('Value is no string')
  const bytes = Buffer.from(value, 'base64')
  if (bytes.toString('base64') !== value) throw wrong('Value is no base64')
  return bytes
}

function decodeClientId(value: unknown): string | null {
  if (value === undefined) return null
  if (typeof value !== 'string') throw wrong('ClientID is no string')
  const id = Buffer.from(value, 'utf8').toString('latin1')
  if (!isClientId(id) || !PRINTABLE.test(id)) throw wrong('ClientID is too long or has control characters')
  return id
}

function decodeCommandId(value: unknown): string | null {
  if (value === undefined) return null
  const id = integer(value)
  if (id === null || !isCommandId(id)) throw wrong('CommandID is no integer from 0 to 2^53')
  return id
}

/**
 * Decodes the body of `POST /`. Without a `Value`, or with null, it is a read.
 * @throws SynodError `malformed` for anything that is not exactly this form
 */
export function parseJsonCommand(body: Uint8Array): JsonCommand {
  const fields = members(body)
  const key = parseKey(integer(fields.get('Key')) ?? '')
  if (key === null) throw wrong('Key is no 64-bit integer')
  const value = decodeValue(fields.get('Value'))
  return {
    command: value === null ? get(key) : put(key, value),
    clientId: decodeClientId(fields.get('ClientID')),
    commandId: decodeCommandId(fields.get('CommandID')),
  }
}
