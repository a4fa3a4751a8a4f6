/** What `wait` waits for and `expect` demands. */
import { bytesText } from '../../src/sim/format.ts'
import type { Process } from '../../src/sim/process.ts'
import type { Scene } from './scene.ts'
import type { Pattern } from './tap.ts'

/** Whether something holds now. */
export type Condition = () => boolean

const COMPARE: Readonly<Record<string, (a: string, b: string) => boolean>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>=': (a, b) => Number(a) >= Number(b),
  '<=': (a, b) => Number(a) <= Number(b),
}

/**
 * The condition that these words stand for:
 *
 *     not CONDITION
 *     answers                         all operations are answered
 *     leader [NODE]                   some node, or this one, takes itself for the leader
 *     agreed                          all live nodes name the same leader
 *     converged                       all live nodes have executed as much and hold the same state
 *     sent MESSAGE [FROM->TO] [field=value …]    by the commands of this block
 *     NODE holds KEY=VALUE            this value is what the node has of the key
 *     NODE field = value              a field of its status, or a path into its replica; also !=, >=, <=
 *
 * @throws Error for anything else
 */
export function condition(scene: Scene, words: readonly string[]): Condition {
  const [first = '', ...rest] = words
  const { scenario, trace, tap } = scene
  const alive = () => scenario.processes.filter((process) => process.alive)
  const leads = (process: Process) => process.replica?.status().leader === process.id
  switch (first) {
    case 'not': {
      const other = condition(scene, rest)
      return () => !other()
    }
    case 'answers':
      return () => !scene.clients.waiting
    case 'leader': {
      const among = rest.length > 0 ? [scene.process(rest[0])] : scenario.processes
      return () => among.some(leads)
    }
    case 'agreed':
      return () => alive().some(leads) && new Set(alive().map(({ replica }) => replica?.status().leader)).size === 1
    case 'converged':
      return () => new Set(alive().map((p) => `${p.replica?.status().executed} ${p.store?.hash()}`)).size === 1
    case 'sent': {
      const wanted = pattern(scene, rest)
      return () => trace.sent.some((message) => tap.matches(wanted, message))
    }
    default:
      return comparison(scene, words)
  }
}

/** The messages that `NAME [FROM->TO] [field=value …]` stands for. */
export function pattern(scene: Scene, words: readonly string[]): Pattern {
  const [name = '*', ...rest] = words
  const link = rest.find((word) => word.includes('->'))
  const [from = '*', to = '*'] = link?.split('->') ?? []
  for (const end of [from, to]) if (end !== '*') scene.process(end)
  const pairs = rest.filter((word) => word !== link).map((word) => word.split('=') as [string, string])
  return { name, from, to, fields: new Map(pairs) }
}

function comparison(scene: Scene, words: readonly string[]): Condition {
  const [name, path = '', sign = '', ...values] = words
  const process = scene.process(name)
  if (path === 'holds') {
    const [key = '', text] = sign.split('=')
    if (text === undefined) throw new Error(`no condition: ${words.join(' ')}; it is NODE holds KEY=VALUE`)
    return () => {
      const value = process.store?.get(key).value
      return value != null && bytesText(value) === text
    }
  }
  const compare = COMPARE[sign]
  if (!compare) throw new Error(`no condition: ${words.join(' ')}`)
  return () => compare(scene.format.value(field(process, path)), values.join(' '))
}

/** What a path of names leads to, from the status or from the replica itself. */
function field({ replica }: Process, path: string): unknown {
  const names = path.split('.')
  const status = replica?.status() ?? {}
  let at: unknown = names[0]! in status ? status : replica
  for (const name of names) at = (at as Readonly<Record<string, unknown>> | null | undefined)?.[name]
  return at
}
