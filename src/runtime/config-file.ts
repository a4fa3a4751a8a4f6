/** Reads `config.json` and `benchmark.json` from disk, once, when a program starts. */
import { readFileSync } from 'node:fs'
import {
  type BenchmarkConfig,
  type Config,
  parseBenchmark,
  parseConfig,
  parseJson,
  parseTemplate,
} from '../config/index.ts'
import { SynodError } from '../errors.ts'

/**
 * Takes the path of a cluster file; gives its checked content.
 * @throws SynodError `config` when it cannot be read, or is wrong: one line that starts with the path
 */
export function readConfig(path: string): Config {
  return parseConfig(readText(path) ?? missing(path), path)
}

/**
 * Takes the path of a workload file, and what to use if there is no such file.
 * @throws SynodError `config` when it cannot be read, is wrong, or is missing with nothing to use instead
 */
export function readBenchmark(path: string, otherwise?: BenchmarkConfig): BenchmarkConfig {
  const text = readText(path)
  if (text === undefined) return otherwise ?? missing(path)
  return parseBenchmark(text, path)
}

/**
 * Takes the path of a file with keys of a configuration but for the addresses, which somebody else adds; gives them as they
 * are written, once they have been checked.
 * @throws SynodError `config` as `readConfig`
 */
export function readTemplate(path: string): Readonly<Record<string, unknown>> {
  const template = parseJson(readText(path) ?? missing(path), path)
  if (typeof template !== 'object' || template === null || Array.isArray(template)) {
    throw new SynodError('config', `${path}: expected an object`)
  }
  for (const key of Object.keys(template)) {
    if (/^(http_)?address$/i.test(key))
      throw new SynodError('config', `${path}: ${key}: addresses come from the nodes that join`)
  }
  parseTemplate(template as Readonly<Record<string, unknown>>, path)
  return template as Readonly<Record<string, unknown>>
}

function missing(path: string): never {
  throw new SynodError('config', `${path}: there is no such file`)
}

/** The text of a file, or undefined when there is none. */
function readText(path: string): string | undefined {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new SynodError('config', `${path}: ${REASONS[code ?? ''] ?? `cannot be read (${code})`}`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new SynodError('config', `${path}: the file is not UTF-8`)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EISDIR: 'is a directory, not a file',
  EACCES: 'may not be read',
  ENOTDIR: 'a part of the path is no directory',
}
