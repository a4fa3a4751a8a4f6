/**
 * The program behind `npm run mutants`: a checker that has never found a mistake proves nothing, so here are known
 * ones, and the simulator has to find each. Mutants are judged two or more at a time, one process each.
 */
import { statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseFlags, run } from '../../bin/flags.ts'
import { SynodError } from '../../src/errors.ts'
import { document } from './document.ts'
import { hunt, type Judgement, SEEDS } from './hunt.ts'
import { allPatches, type Patch, readPatch } from './patch.ts'
import { Tree } from './tree.ts'

const PROGRAM = {
  name: 'mutants',
  usage: '[flags]',
  flags: {
    only: { type: 'string', describe: 'judge the mutant of this name alone' },
    patch: { type: 'string', describe: 'judge this patch file instead of the mutants kept here' },
    document: { type: 'boolean', describe: 'write docs/mutants.md anew' },
  },
  epilogue: `Exit: 0 each was found within ${SEEDS} seeds, 1 some were not or do not apply, 2 usage, 130 interrupted.`,
} as const

const DOCUMENT = fileURLToPath(new URL('../../docs/mutants.md', import.meta.url))

/** How much of a violation's message a line shows. */
const MESSAGE_CHARS = 160

async function main(): Promise<number> {
  const { flags } = parseFlags(PROGRAM, process.argv.slice(2))
  const patches = chosen(flags.only, flags.patch)
  if (flags.document && (flags.only ?? flags.patch) !== undefined)
    throw new SynodError('usage', 'flag -document is for all mutants: leave -only and -patch out')
  const judgements = await judgeAll(patches)
  const passed = judgements.filter((judgement) => 'found' in judgement && judgement.found).length
  if (judgements.length < patches.length) return 130
  if (flags.document) writeFileSync(DOCUMENT, document(judgements))
  process.stdout.write(`${passed} passed, ${patches.length - passed} failed\n`)
  return passed < patches.length ? 1 : 0
}

/** The patches to be judged. */
function chosen(only: string | undefined, file: string | undefined): Patch[] {
  if (file !== undefined) {
    if (!statSync(file, { throwIfNoEntry: false })?.isFile())
      throw new SynodError('usage', `flag -patch: there is no file ${file}`)
    return [readPatch(file)]
  }
  const patches = allPatches().filter(({ name }) => only === undefined || name === only)
  if (patches.length === 0) throw new SynodError('usage', `flag -only: there is no mutant ${only}`)
  return patches
}

/** Judges patches on all cores and prints a line about each, in their order; fewer at an interrupt. */
async function judgeAll(patches: readonly Patch[]): Promise<Judgement[]> {
  const base = new Tree()
  const over = new AbortController()
  const interrupt = () => over.abort()
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const judgements: Judgement[] = []
  let next = 0
  let printed = 0
  const lane = async () => {
    for (let index = next++; index < patches.length && !over.signal.aborted; index = next++) {
      progress(`${printed}/${patches.length} ${patches[index]!.name}`)
      const judgement = await hunt(patches[index]!, base, SEEDS, over.signal)
      if (over.signal.aborted) return
      judgements[index] = judgement
      progress('')
      for (let ready = judgements[printed]; ready; ready = judgements[++printed]) process.stdout.write(lineOf(ready))
    }
  }
  try {
    await Promise.all(Array.from({ length: availableParallelism() }, lane))
  } finally {
    progress('')
    base.remove()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
  return judgements.slice(0, printed)
}

/** Shows on a terminal what goes on, in the place of what was shown before. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

function lineOf(judgement: Judgement): string {
  const { name } = judgement.patch
  if ('fault' in judgement) return `FAILED ${name}: ${judgement.fault}\n`
  const { found, runs } = judgement
  const { tests } = judgement.patch
  if (!found) return `FAILED ${name}: not found in ${runs} ${tests ? 'tests' : 'runs'}\n`
  const message = found.message.replace(/\s*\n\s*/g, ' / ').slice(0, MESSAGE_CHARS)
  if (tests) return `found  ${name}: ${found.where}: ${message}\n`
  return `found  ${name}: ${found.invariant}, seed ${found.seed}, after ${runs} runs (${found.where}: ${message})\n`
}

await run(main)
