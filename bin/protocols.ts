/** Finds the protocol that `-algorithm` names: one that comes with Synod, or a plugin module. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { protocols } from '../protocols/index.ts'
import { type Protocol, SynodError } from '../src/index.ts'

/**
 * Takes a registered name or the path of a module whose default export is a protocol.
 * @throws SynodError `usage` when there is none
 */
export async function loadProtocol(algorithm: string): Promise<Protocol> {
  const load = protocols[algorithm.toLowerCase()]
  if (load) return (await load()).default
  if (!/[/\\]|\.[cm]?js$/.test(algorithm)) {
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

async function importPlugin(path: string, algorithm: string): Promise<{ default?: Partial<Protocol> }> {
  try {
    return await import(pathToFileURL(path).href)
  } catch (error) {
    const [reason] = String(error).split('\n')
    throw new SynodError('usage', `-algorithm: ${algorithm} is no module that can be loaded: ${reason}`)
  }
}

/** One line per registered protocol: name, consistency, paper. */
export async function listProtocols(): Promise<string> {
  const loaded = await Promise.all(Object.values(protocols).map(async (load) => (await load()).default))
  const width = Math.max(...loaded.map(({ name }) => name.length))
  return loaded.map(({ name, consistency, paper }) => `${name.padEnd(width)}  ${consistency}  ${paper}\n`).join('')
}
