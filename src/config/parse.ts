/** From the text of a configuration file to a checked `Config`; every error is one line that names the place. */
import type { z } from 'zod'
import { SynodError } from '../errors.ts'
import { BENCHMARK_ALIASES, type BenchmarkConfig, benchmarkSchema } from './benchmark.ts'
import { parseJson, show } from './json.ts'
import { type KeyNames, type Problem, spellKeys } from './key-names.ts'
import { linksSchema, smallestCluster } from './links.ts'
import { type Config, configSchema, limitsSchema, timeoutsSchema } from './schema.ts'

const benchmarkNames: KeyNames = { keys: Object.keys(benchmarkSchema.shape), aliases: BENCHMARK_ALIASES }

const configNames: KeyNames = {
  keys: Object.keys(configSchema.shape),
  nested: {
    benchmark: benchmarkNames,
    timeouts: { keys: Object.keys(timeoutsSchema.shape) },
    links: { keys: Object.keys(linksSchema.shape) },
    limits: { keys: Object.keys(limitsSchema.shape) },
  },
}

/**
 * Takes the text of a `config.json` and the name for it in errors.
 * @throws SynodError `config`, for example `config.json: address.1.1: "tcp://h" has no port, as in tcp://127.0.0.1:1735`
 */
export function parseConfig(text: string, where: string): Config {
  return parse(parseJson(text, where), where, configNames, configSchema)
}

/**
 * Takes the keys of a `config.json` but for the addresses, which are not known yet, and a name for them in errors; gives
 * them beside addresses that are made up.
 * @throws SynodError `config` for what would be wrong in any cluster
 */
export function parseTemplate(template: Readonly<Record<string, unknown>>, where: string): Config {
  const [spelt] = spellKeys(template, configNames) as [{ readonly links?: unknown }, unknown]
  const nodes = smallestCluster(spelt.links)
  const at = (address: (host: string) => string) =>
    Object.fromEntries(nodes.map((id, index) => [id, address(`node${index}`)]))
  const addresses = { address: at((host) => `tcp://${host}:1`), http_address: at((host) => `http://${host}:2`) }
  return parse({ ...template, ...addresses }, where, configNames, configSchema)
}

/**
 * Takes the text of a `benchmark.json` and the name for it in errors.
 * @throws SynodError `config`, for example `benchmark.json: W: must be at most 1, not 1.5`
 */
export function parseBenchmark(text: string, where: string): BenchmarkConfig {
  return parse(parseJson(text, where), where, benchmarkNames, benchmarkSchema)
}

function parse<S extends z.ZodType>(given: unknown, where: string, names: KeyNames, schema: S): z.output<S> {
  const [value, misspelt] = spellKeys(given, names)
  const result = misspelt.length > 0 ? undefined : schema.safeParse(value, { reportInput: true })
  if (result?.success) return result.data
  const problems = result ? result.error.issues.map(problemOf) : misspelt
  const [first] = problems
  const line = [where, placeOf(first!.path), first!.message].filter((part) => part !== '').join(': ')
  throw new SynodError('config', problems.length > 1 ? `${line} (and ${problems.length - 1} more)` : line)
}

/** `address.1.1`, but `address["../x"]`: what is no plain name is quoted. */
function placeOf(path: readonly string[]): string {
  return path.reduce((place, key) => {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(key)) return `${place}[${show(key)}]`
    return place === '' ? key : `${place}.${key}`
  }, '')
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  return { path: issue.path.map(String), message: sentenceOf(issue) }
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return issue.path.length === 0 ? issue.message : 'is missing'
      if (issue.expected === 'int' && Number.isFinite(issue.input))
        return `expected a whole number, not ${show(issue.input)}`
      return `expected ${EXPECTED[issue.expected] ?? issue.expected}, not ${kindOf(issue.input)}`
    case 'too_small':
      if (issue.origin === 'string') return issue.message
      return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}, not ${show(issue.input)}`
    case 'too_big':
      if (issue.origin === 'string') return issue.message
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}, not ${show(issue.input)}`
    case 'invalid_value':
      if (issue.values.length === 1) return issue.message
      return `must be one of ${issue.values.filter((v) => v !== '').join(', ')}, not ${show(issue.input)}`
    default:
      return issue.message
  }
}

const EXPECTED: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
}

/** Says what a value is without its content: it could be a secret in the wrong place. */
function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number') return Number.isFinite(value) ? 'a number' : 'a number beyond all bounds'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
