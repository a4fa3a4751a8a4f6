/**
 * Runs seeds of the simulator of one tree until an invariant is violated: a program of its own, for a mutant may hang,
 * and each has modules of its own. Arguments: tree, protocol, how many seeds. Prints one JSON object, a `Verdict`.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Protocol } from '../../src/index.ts'
import type { run as runSeed } from '../../src/sim/index.ts'
import type { Verdict } from './hunt.ts'

const [tree = '', algorithm = '', seeds = ''] = process.argv.slice(2)

/** A module of the tree. */
async function load<M>(path: string): Promise<M> {
  return (await import(pathToFileURL(join(tree, path)).href)) as M
}

async function judge(): Promise<Verdict> {
  const { run } = await load<{ run: typeof runSeed }>('src/sim/index.ts')
  const { default: protocol } = await load<{ default: Protocol }>(`protocols/${algorithm}/index.ts`)
  for (let seed = 1; seed <= Number(seeds); seed++) {
    const { violation, layout, durable } = run({ protocol, seed })
    if (!violation) continue
    const { invariant, message } = violation
    return { found: { invariant, seed, where: `${layout} ${durable ? 'disk' : 'memory'}`, message }, runs: seed }
  }
  return { found: null, runs: Number(seeds) }
}

process.stdout.write(JSON.stringify(await judge()))
