/** Whatever text is given as a configuration: it is taken, or refused in one line that starts with its place. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fuzz, fuzzTimeoutMs } from '../../test/support/fuzz.ts'
import { SynodError } from '../errors.ts'
import { parseBenchmark, parseConfig } from './parse.ts'

const GOOD = {
  address: { '1.1': 'tcp://127.0.0.1:1735', '1.2': 'tcp://127.0.0.1:1736', '2.1': '127.0.0.1:1737' },
  http_address: { '1.1': 'http://127.0.0.1:8080', '1.2': 'http://127.0.0.1:8081', '2.1': 'http://127.0.0.1:8082' },
  policy: 'majority',
  threshold: 3,
  timeouts: { request_ms: 2000, heartbeat_ms: 100, election_ms: 400 },
  limits: { requests: 100 },
  links: { rtt_ms: { '1-2': 5, '1.1-2.1': 0.5 } },
  protocols: { paxos: { quorum: 'majority' } },
  benchmark: { T: 1, W: 0.5, Distribution: 'zipfan', Zipfian_s: 2 },
}

const strange = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', '', '\u0000', '1.1', '01.1', '1.99999999999', 'NaN', '-0'),
  fc.string({ unit: 'binary', maxLength: 12 }),
)
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  strange,
  fc.constantFrom(0, -1, 1.5, 1e308, 2 ** 53, -(2 ** 53), 1e-320),
)

/** Paths of all keys of the good configuration. */
function pathsOf(node: object, path: readonly string[] = []): string[][] {
  return Object.entries(node).flatMap(([key, child]) => [
    [...path, key],
    ...(typeof child === 'object' && child !== null ? pathsOf(child, [...path, key]) : []),
  ])
}

/** The good configuration with one key replaced, renamed, or given a neighbour. */
const altered = fc
  .tuple(fc.constantFrom(...pathsOf(GOOD)), fc.constantFrom('replace', 'rename', 'add', 'drop'), strange, value)
  .map(([path, how, name, content]) => {
    const copy: Record<string, unknown> = structuredClone(GOOD)
    const last = path.at(-1)!
    let place = copy
    for (const key of path.slice(0, -1)) place = place[key] as Record<string, unknown>
    const define = (key: string, given: unknown) =>
      Object.defineProperty(place, key, { value: given, enumerable: true, configurable: true, writable: true })
    if (how === 'replace') define(last, content)
    else if (how === 'add') define(name, content)
    else {
      const was = place[last]
      delete place[last]
      if (how === 'rename') define(name, was)
    }
    return JSON.stringify(copy)
  })

/** Its text with some characters replaced. */
const scratched = fc
  .array(fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.string({ maxLength: 2 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((changes) => {
    let text = JSON.stringify(GOOD)
    for (const [share, given] of changes) {
      const at = Math.floor(share * text.length)
      text = text.slice(0, at) + given + text.slice(at + 1)
    }
    return text
  })

const anyText = fc.oneof(altered, scratched, fc.json({ maxDepth: 4 }), fc.string({ unit: 'binary', maxLength: 200 }))

/** What became of a text; throws what is neither a value nor a proper refusal. */
function outcomeOf(parse: (text: string, where: string) => unknown, text: string): 'taken' | 'refused' {
  try {
    parse(text, 'some/config.json')
    return 'taken'
  } catch (error) {
    if (!(error instanceof SynodError) || error.code !== 'config') throw error
    expect(error.message).toMatch(/^some\/config\.json: /)
    expect(error.message).not.toMatch(/[\r\n]/)
    return 'refused'
  }
}

test('the unaltered one is taken', () => expect(outcomeOf(parseConfig, JSON.stringify(GOOD))).toBe('taken'))

test.each([
  ['parseConfig', parseConfig],
  ['parseBenchmark', parseBenchmark],
])(
  '%s takes or refuses any text, and throws nothing else',
  (_name, parse) => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(anyText, (text) => void seen.add(outcomeOf(parse, text))),
      fuzz(1500),
    )
    expect(seen).toContain('refused')
    if (parse === parseConfig) expect(seen).toContain('taken')
  },
  fuzzTimeoutMs(60_000),
)
