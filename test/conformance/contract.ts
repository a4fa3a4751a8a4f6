/** What a `Protocol` object promises on its own, without a cluster that runs: names, options, `progress`. */
import { expect } from 'vitest'
import { SynodError } from '../../src/errors.ts'
import type { NodeId } from '../../src/node-id.ts'
import { type Consistency, type Protocol, TIMEOUTS } from '../../src/replica.ts'
import { clusterOf } from './stage.ts'

/** The contracts that the simulator has a judge for; a weaker one needs an invariant of its own first. */
const JUDGED: readonly Consistency[] = ['linearizable']

type Check = (protocol: Protocol, layouts: readonly string[]) => void

/** By name, what each protocol must fulfil. */
export const CONTRACT: Readonly<Record<string, Check>> = {
  'contract: has a name that a flag and a configuration can have, and a paper': ({ name, paper }) => {
    expect(name).toMatch(/^[a-z][a-z0-9-]*$/)
    expect(paper.trim()).not.toBe('')
  },

  'contract: declares a consistency that the simulator can judge': ({ consistency }) => {
    expect(JUDGED).toContain(consistency)
  },

  'contract: completes no options to ones that it accepts': (protocol) => {
    const defaults = protocol.options({}, TIMEOUTS) as Readonly<Record<string, unknown>>
    expect(protocol.options(defaults, TIMEOUTS)).toEqual(defaults)
  },

  'contract: accepts the options that the simulator draws': (protocol) => {
    for (const options of protocol.simulated?.() ?? [{}]) {
      expect(protocol.options(options, TIMEOUTS)).toMatchObject(options)
    }
  },

  'contract: refuses nonsense in one line that names it': (protocol) => {
    const defaults = protocol.options({}, TIMEOUTS) as Readonly<Record<string, unknown>>
    refuses(protocol, 'nonsense', 1)
    for (const [name, value] of Object.entries(defaults)) {
      const wrong = typeof value === 'number' ? ['1', null, Number.NaN, -1, {}] : [Symbol.iterator.description, []]
      for (const nonsense of wrong) refuses(protocol, name, nonsense)
    }
  },

  'contract: promises progress while all live, on each layout': (protocol, layouts) => {
    for (const layout of layouts) expect([layout, promise(protocol, layout)(members(layout))]).toEqual([layout, true])
  },

  'contract: promises no less to more nodes': (protocol, layouts) => {
    for (const layout of layouts) {
      const promised = subsets(members(layout)).map(promise(protocol, layout))
      for (const [subset, holds] of promised.entries()) {
        for (let node = 0; node < members(layout).length; node++) {
          // A subset's number has a bit for each of its members.
          if (holds && !promised[subset | (1 << node)])
            expect.fail(
              `${layout}: ${named(layout, subset)} have progress, and with ${members(layout)[node]!.name} not`,
            )
        }
      }
    }
  },
}

function refuses(protocol: Protocol, name: string, nonsense: unknown): void {
  let thrown: unknown = null
  try {
    protocol.options({ [name]: nonsense }, TIMEOUTS)
  } catch (error) {
    thrown = error
  }
  const what = `${name}: ${String(nonsense)}`
  expect(thrown, what).toBeInstanceOf(SynodError)
  const { code, message } = thrown as SynodError
  expect(code, what).toBe('config')
  expect(message, what).toContain(`protocols.${protocol.name}.${name}`)
  expect(message, what).not.toContain('\n')
}

function members(layout: string): readonly NodeId[] {
  return clusterOf(layout).members
}

function promise(protocol: Protocol, layout: string): (alive: readonly NodeId[]) => boolean {
  const cluster = clusterOf(layout)
  const options = protocol.options({}, TIMEOUTS)
  return (alive) =>
    protocol.progress(
      alive.map(({ index }) => cluster.at(index)),
      { cluster },
      options,
    )
}

/** All subsets; each has the number that has a bit for each of its members. */
function subsets(all: readonly NodeId[]): NodeId[][] {
  return Array.from({ length: 1 << all.length }, (_, number) => all.filter((_, index) => number & (1 << index)))
}

function named(layout: string, subset: number): string {
  return (
    subsets(members(layout))
      [subset]!.map(({ name }) => name)
      .join(' ') || 'nobody'
  )
}

/** How many nodes of a layout may be dead, whichever they are, and how many at most if they are the right ones. */
export function tolerates(protocol: Protocol, layout: string): { any: number; some: number } {
  const all = members(layout)
  const promised = promise(protocol, layout)
  const dead = { kept: [] as number[], stopped: [] as number[] }
  for (const alive of subsets(all)) (promised(alive) ? dead.kept : dead.stopped).push(all.length - alive.length)
  return { any: Math.min(...dead.stopped) - 1, some: Math.max(...dead.kept) }
}
