/**
 * The mutants as they are kept: each a small patch to the core or a protocol, whose first line says which mistake it
 * makes. A mutant is judged by the simulator's runs of the protocol it touches; one of the core by those of Paxos, then ABD. What
 * the simulator has parts of its own for, such as the use of files, or has none of, such as an earlier cluster of the same names,
 * is judged by the tests beside it.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the project keeps its mutants. */
const FOLDER = fileURLToPath(new URL('.', import.meta.url))

/** A patch that makes a mistake. */
export interface Patch {
  /** The file's name without its ending: `<area>-<what>`. */
  readonly name: string
  readonly path: string
  /** Which mistake it is, in one line. */
  readonly mistake: string
  /** The protocols whose runs are to find it, one after the other. */
  readonly algorithms: readonly string[]
  /** The folder or file whose tests are to find it instead; null for the simulator. */
  readonly tests: string | null
}

/** The simulator has other parts in the place of these; what bytes mean it shares, but there one check backs up another. */
const BESIDE_TESTS = /^\+\+\+ b\/(src\/runtime\/storage)\//m

/** Of these mutants, by the beginning of their names: the simulator knows but one cluster. */
const FOUNDINGS = { names: 'founding-', tests: 'src/founding.test.ts' }

/** What needs a log may show nothing of registers, and the other way round. */
const CORE = ['paxos', 'abd']

/** Takes the path of a patch file; gives what it says of itself. Throws what reading the file throws. */
export function readPatch(path: string): Patch {
  const text = readFileSync(path, 'utf8')
  const first = text.split('\n', 1)[0]!.trim()
  const name = basename(path, '.patch')
  const mistake = /^(diff |--- )/.test(first) || first === '' ? name : first
  const protocol = /^\+\+\+ b\/protocols\/(\w+)\//m.exec(text)?.[1]
  const tests = name.startsWith(FOUNDINGS.names) ? FOUNDINGS.tests : (BESIDE_TESTS.exec(text)?.[1] ?? null)
  return { name, path, mistake, algorithms: protocol ? [protocol] : CORE, tests }
}

/** All mutants of the project, by name. */
export function allPatches(): Patch[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.patch'))
  return files.sort().map((file) => readPatch(join(FOLDER, file)))
}
