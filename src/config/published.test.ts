/**
 * What is published about the configuration must agree with the schema: `config.schema.json`, the table in the docs and
 * the example files. `UPDATE=1 npx vitest run src/config && npx biome format --write config.schema.json` rewrites the first.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { benchmarkJsonSchema, configJsonSchema, type JsonSchema } from './json-schema.ts'
import { parseBenchmark, parseConfig } from './parse.ts'

const file = (path: string) => new URL(`../../${path}`, import.meta.url)
const read = (path: string) => readFileSync(file(path), 'utf8')

test('config.schema.json is up to date', () => {
  if (process.env.UPDATE) writeFileSync(file('config.schema.json'), `${JSON.stringify(configJsonSchema(), null, 2)}\n`)
  const message = 'run: UPDATE=1 npx vitest run src/config && npx biome format --write config.schema.json'
  expect(JSON.parse(read('config.schema.json')), message).toEqual(JSON.parse(JSON.stringify(configJsonSchema())))
})

test('the JSON schema knows what the parser knows: required keys, aliases, nothing else', () => {
  const schema = configJsonSchema()
  expect(schema.required).toEqual(['address', 'http_address'])
  expect(schema.additionalProperties).toBe(false)
  const { benchmark } = schema.properties as Record<string, JsonSchema>
  expect(Object.keys(benchmark?.properties ?? {})).toEqual(Object.keys(benchmarkJsonSchema().properties ?? {}))
  expect(benchmark?.properties).toHaveProperty('Zipfian_s')
  expect(benchmark?.required).toBeUndefined()
})

/** Every key with its default as JSON, objects with known keys without one. */
function keysOf(schema: JsonSchema, prefix = ''): Map<string, string> {
  const keys = new Map<string, string>()
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (typeof property === 'boolean' || /^Zipfian_/.test(name)) continue
    if (property.properties) {
      keys.set(prefix + name, 'see below')
      for (const [key, value] of keysOf(property, `${prefix}${name}.`)) keys.set(key, value)
    } else if (property.default === undefined) {
      keys.set(prefix + name, schema.required?.includes(name) ? 'required' : 'none')
    } else keys.set(prefix + name, JSON.stringify(property.default))
  }
  return keys
}

test('the table in docs/configuration.md has each key once, with its default', () => {
  const rows = [...read('docs/configuration.md').matchAll(/^\| `([^`]+)` \| .*? \| `?([^|]*?)`? \| .* \|$/gm)]
  const table = rows.map((row): [string, string] => [row[1]!, row[2]!])
  const byName = (a: [string, string], b: [string, string]) => (a[0] < b[0] ? -1 : 1)
  expect(table.sort(byName)).toEqual([...keysOf(configJsonSchema())].sort(byName))
})

test('the config.json of the project: nine nodes on loopback, faults allowed', () => {
  const config = parseConfig(read('config.json'), 'config.json')
  const zones = Object.keys(config.address).map((id) => id.split('.')[0])
  expect(zones).toEqual(['1', '1', '1', '2', '2', '2', '3', '3', '3'])
  const ports = (map: Record<string, string>) => Object.values(map).map((text) => new URL(text).port)
  expect(ports(config.address)).toEqual(Array.from({ length: 9 }, (_, i) => `${1735 + i}`))
  expect(ports(config.http_address)).toEqual(Array.from({ length: 9 }, (_, i) => `${8080 + i}`))
  expect([...Object.values(config.address), ...Object.values(config.http_address)].join()).not.toMatch(
    /\/\/(?!127\.0\.0\.1:)/,
  )
  expect(config.fault_injection).toBe(true)
})

test('benchmark.json and the benchmark object of config.json are the same workload', () => {
  const { benchmark } = parseConfig(read('config.json'), 'config.json')
  expect(parseBenchmark(read('benchmark.json'), 'benchmark.json')).toEqual(benchmark)
})
