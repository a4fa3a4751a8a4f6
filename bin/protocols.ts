/** Finds the protocol that `-algorithm` names: one that comes with Synod, or a plugin module. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { protocols } from '../protocols/index.ts'
import type { Config } from '../src/config/index.ts'
import { type Protocol, SynodError, TIMEOUTS } from '../src/index.ts'
import { type Row, tableOf } from './flags.ts'

/**
 * Takes a registered name or the path of a module whose default export is a protocol.
 * @throws SynodError `usage` when there is none
 */
export async function loadProtocol(algorithm: string): Promise<Protocol> {
  const load = protocols[algorithm.toLowerCase()]
  if (load) return (await load()).default
  if (!isPath(algorithm)) {
    const names = Object.keys(protocols).join(', ')
    throw new SynodError(
      'usage',
      `there is no algorithm "${algorithm}"; there are ${names}, and paths of plugin modules`,
    )
  }
  const path = resolve(algorithm)
  if (!existsSync(path)) throw new SynodError('usage', `-algorithm: there is no file ${algorithm}`)
  const module = await importPlugin(path, algorithm)
  const { name, create, options } = module.default ?? {}
  if (typeof name !== 'string' || typeof create !== 'function' || typeof options !== 'function') {
    throw new SynodError('usage', `-algorithm: ${algorithm} does not export a protocol by default (see defineProtocol)`)
  }
  return module.default as Protocol
}

function isPath(algorithm: string): boolean {
  return /[/\\]|\.[cm]?js$/.test(algorithm)
}

async function importPlugin(path: string, algorithm: string): Promise<{ default?: Partial<Protocol> }> {
  try {
    return await import(pathToFileURL(path).href)
  } catch (error) {
    const [reason] = String(error).split('\n')
    throw new SynodError('usage', `-algorithm: ${algorithm} is no module that can be loaded: ${reason}`)
  }
}

/**
 * The checked options of a protocol, as the configuration from `where` gives them, below what is `flagged` on the command line.
 * @throws SynodError `config`
 */
export function optionsOf(
  { protocols: given, timeouts, thrifty }: Config,
  protocol: Protocol,
  where: string,
  flagged: Readonly<Record<string, unknown>> = {},
): unknown {
  const { name, switches = [] } = protocol
  const key = Object.keys(given).find((key) => key.toLowerCase() === name)
  const own = key === undefined ? {} : given[key]!
  // What is said of the protocol goes before what is said of the cluster, and the command line before both.
  const general = thrifty && switches.includes('thrifty') ? { thrifty: 1 } : {}
  try {
    return protocol.options({ ...general, ...own, ...flagged }, timeouts)
  } catch (error) {
    throw error instanceof SynodError ? new SynodError(error.code, `${where}: ${error.message}`) : error
  }
}

/**
 * Checks all options that are given for protocols that come with Synod; others may be those of a plugin.
 * @throws SynodError `config`
 */
export async function checkOptions(config: Config, where: string): Promise<void> {
  for (const name of Object.keys(config.protocols)) {
    const load = protocols[name.toLowerCase()]
    if (load) optionsOf(config, (await load()).default, where)
  }
}

/**
 * The options of the protocol that `algorithm` names, or of all that are registered, with their defaults.
 * @throws SynodError `usage` when there is no such protocol
 */
export async function explainOptions(algorithm?: string): Promise<string> {
  const names = algorithm === undefined ? Object.keys(protocols) : [algorithm]
  const loaded = await Promise.all(names.map(loadProtocol))
  return loaded.map(explain).join('')
}

function explain(protocol: Protocol): string {
  const { name, meanings = {} } = protocol
  const defaults = Object.entries(protocol.options({}, TIMEOUTS) as Readonly<Record<string, unknown>>)
  const rows = defaults.map(([option, value]): Row => {
    return [option, `${meanings[option] ?? ''} (default ${JSON.stringify(value)})`.trimStart()]
  })
  if (rows.length === 0) return `\n${name} has no options.\n`
  return `\nOptions of ${name}, under protocols.${name} in the configuration:\n${tableOf(rows).join('\n')}\n`
}

/** One line per registered protocol: name, consistency, paper. */
export async function listProtocols(): Promise<string> {
  const loaded = await Promise.all(Object.values(protocols).map(async (load) => (await load()).default))
  const width = Math.max(...loaded.map(({ name }) => name.length))
  return loaded.map(({ name, consistency, paper }) => `${name.padEnd(width)}  ${consistency}  ${paper}\n`).join('')
}
