/** Addresses as configuration files write them: `tcp://host:port` between nodes, `http://host:port` for clients. */
import { z } from 'zod'
import { SynodError } from '../errors.ts'

/** How nodes can reach each other. */
export const TRANSPORTS = ['tcp', 'udp', 'chan'] as const

/** One of `TRANSPORTS`. */
export type Transport = (typeof TRANSPORTS)[number]

/** A parsed address. */
export interface Address {
  /** The scheme in lower case; empty when the address has none, which leaves the choice to `-transport`. */
  readonly scheme: string
  /** Host name or IP address, an IPv6 address without its brackets. */
  readonly host: string
  /** 1 … 65535; 0 only for `chan`, which needs none. */
  readonly port: number
}

const FORM = /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?(\[[^\]]*\]|[^:/?#@[\]]*)(?::([^:/?#]*))?(\/?)$/
const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*)(\.[A-Za-z0-9_-]+)*\.?$/

/** Where `localhost` leads to, by one protocol or the other. */
const SELF = new Set(['localhost', 'localhost.', '127.0.0.1', '::1'])

/**
 * Takes `scheme://host:port` (the scheme may be left out where `schemes` has the empty one) and the allowed schemes.
 * @throws SynodError `config` with a sentence that says what is wrong with it
 */
export function parseAddress(text: string, schemes: readonly string[]): Address {
  const fail = (problem: string): never => {
    throw new SynodError('config', `${JSON.stringify(text)} ${problem}`)
  }
  const named = schemes.filter((s) => s !== '').map((s) => `${s}://`)
  const example = `${named[0] ?? ''}127.0.0.1:1735`
  const match = FORM.exec(text)
  if (!match) return fail(`is no address such as ${example}`)
  const scheme = (match[1] ?? '').toLowerCase()
  if (!schemes.includes(scheme)) {
    return fail(scheme === '' ? `has no scheme: ${named.join(', ')}` : `has a scheme other than ${named.join(', ')}`)
  }
  const host = hostOf(match[2]!, scheme === 'chan')
  if (host === undefined) return fail(`has no valid host, as in ${example}`)
  if (match[3] === undefined && scheme === 'chan') return { scheme, host, port: 0 }
  if (match[3] === undefined) return fail(`has no port, as in ${example}`)
  const port = /^[1-9][0-9]{0,4}$/.test(match[3]) ? Number(match[3]) : 0
  if (port < 1 || port > 65_535) return fail('has a port that is no number from 1 to 65535')
  return { scheme, host, port }
}

/** Takes the address of a node, for example `config.address[id]`; see `parseAddress`. A missing scheme is allowed. */
export function parsePeerAddress(text: string): Address {
  return parseAddress(text, [...TRANSPORTS, ''])
}

/** Takes the address where a node serves clients, for example `config.http_address[id]`; see `parseAddress`. */
export function parseHttpAddress(text: string): Address {
  return parseAddress(text, ['http'])
}

/** Whether only this machine can reach `host`. A name other than `localhost` is not trusted to be local. */
export function isLoopback(host: string): boolean {
  if (z.ipv4().safeParse(host).success) return host.startsWith('127.')
  return host === '::1' || host.toLowerCase() === 'localhost'
}

/** What an address occupies: equal for two that cannot both be listened on, as far as can be told without asking a resolver. */
export function placeOf({ scheme, host, port }: Address): string {
  // UDP nodes listen on TCP too, for long messages; only names of the in-process transport are apart.
  if (scheme === 'chan') return `chan ${host} ${port}`
  return `${SELF.has(host) ? 'localhost' : host} ${port}`
}

/** The host in its usual spelling, or undefined when it is none. A mere label may also look like a node id. */
function hostOf(text: string, label: boolean): string | undefined {
  if (text.startsWith('[')) {
    const inner = text.slice(1, -1)
    return z.ipv6().safeParse(inner).success ? inner.toLowerCase() : undefined
  }
  if (/^[0-9.]+$/.test(text) && !label) return z.ipv4().safeParse(text).success ? text : undefined
  return HOST_NAME.test(text) ? text.toLowerCase() : undefined
}
