/** Reading configuration files: the file is named in every error, and only a missing workload has a substitute. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseBenchmark } from '../config/index.ts'
import { readBenchmark, readConfig, readTemplate } from './config-file.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'synod-config-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function write(name: string, content: string | Uint8Array): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

const NODE = '{"address": {"1.1": "tcp://127.0.0.1:1735"}, "http_address": {"1.1": "http://127.0.0.1:8080"}'

test('reads a cluster file', () => {
  expect(Object.keys(readConfig(write('good.json', `${NODE}}`)).address)).toEqual(['1.1'])
})

test('an error starts with the path as it was given', () => {
  const path = write('bad.json', `${NODE}, "thrifty": 1}`)
  expect(() => readConfig(path)).toThrow(`${path}: thrifty: expected true or false, not a number`)
})

test('a missing cluster file is an error', () => {
  const path = join(directory, 'none.json')
  expect(() => readConfig(path)).toThrow(
    expect.objectContaining({ code: 'config', message: `${path}: there is no such file` }),
  )
})

test('a directory, a path through a file, and bytes that are no text', () => {
  const inner = join(directory, 'inner')
  mkdirSync(inner)
  expect(() => readConfig(inner)).toThrow(`${inner}: is a directory, not a file`)
  const through = join(write('plain', ''), 'config.json')
  expect(() => readConfig(through)).toThrow(`${through}: a part of the path is no directory`)
  const binary = write('binary.json', Uint8Array.of(0x7b, 0xff, 0x7d))
  expect(() => readConfig(binary)).toThrow(`${binary}: the file is not UTF-8`)
})

test.skipIf(process.getuid?.() === 0)('a file that may not be read (skipped for root, who may)', () => {
  const path = write('closed.json', '{}')
  chmodSync(path, 0)
  expect(() => readConfig(path)).toThrow(`${path}: may not be read`)
})

test('a workload: its file wins, a missing file has the substitute, a bad one has none', () => {
  const otherwise = parseBenchmark('{"T": 7}', 'config.json')
  const good = write('benchmark.json', '{"T": 5}')
  expect(readBenchmark(good, otherwise).T).toBe(5)
  const none = join(directory, 'none.json')
  expect(readBenchmark(none, otherwise)).toBe(otherwise)
  expect(() => readBenchmark(none)).toThrow(`${none}: there is no such file`)
  const bad = write('wrong.json', '{"T": -5}')
  expect(() => readBenchmark(bad, otherwise)).toThrow(`${bad}: T: must be at least 0, not -5`)
})

test('a file without addresses is given as it is written', () => {
  const keys = { Thrifty: true, links: { preset: 'wan/aws-2020-06-05', regions: { 1: 'us-east-1' } } }
  expect(readTemplate(write('template.json', JSON.stringify(keys)))).toEqual(keys)
  const path = write('addresses.json', '{"Address": {}}')
  expect(() => readTemplate(path)).toThrow(`${path}: Address: addresses come from the nodes that join`)
  expect(() => readTemplate(write('list.json', '[]'))).toThrow('list.json: expected an object')
})
