/**
 * Random damage to one node's directory: a byte flipped, or a file cut, as a disk may do it. The node must refuse it in
 * one line and touch nothing, or start and be as good as before: it is tried beside the one node that missed all writes,
 * so that only its own records, or the third node, can give them back.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { KeyValueClient } from '../../src/client/index.ts'
import { SeededChooser } from '../../src/sim/chooser.ts'
import { RealCluster } from '../e2e/cluster.ts'
import { keep, type Program, temporaryDirectory, until } from '../support/processes.ts'
import { dishonest } from './ending.ts'

const KEYS = 12
const WRITES = 240
/** How long the two alone may take; then the third is started, too. */
const ALONE_MS = 6000
const SERVE_MS = 20_000
/** The end of a log is where damage and a crash look alike, so half of the damage falls here. */
const TAIL_BYTES = 400
/** One in so many refusals is repaired from the peers, as the documents say. */
const REPAIR = 10

/** A refusal says where the damage is. */
const NAMED = /data\/1\.3/

export interface DamageOptions {
  readonly algorithm: string
  readonly seed: number
  readonly trials: number
  readonly write: (line: string) => void
}

/** Writes and acknowledges by 1.1 and 1.3, while 1.2 is dead; the directories are kept as they were then. */
class Patient {
  readonly directory = temporaryDirectory()
  readonly expected = new Map<string, string>()
  readonly #flags: readonly string[]
  readonly cluster: RealCluster

  private constructor(cluster: RealCluster, algorithm: string) {
    this.cluster = cluster
    this.#flags = ['-storage', join(this.directory, 'data'), '-algorithm', algorithm]
  }

  static async prepare(algorithm: string): Promise<Patient> {
    const cluster = await RealCluster.create(['1.1', '1.2', '1.3'], { limits: { log_bytes: 12_000 } })
    const patient = new Patient(cluster, algorithm)
    await cluster.startAll(...patient.#flags)
    await cluster.kill('1.2')
    const client = new KeyValueClient({ nodes: cluster.nodes, id: '1.1', attempts: 100 })
    for (let count = 0; count < WRITES; count++) {
      const [key, value] = [String(count % KEYS), `${count}`.padEnd(100, '.')]
      await client.put(key, value)
      patient.expected.set(key, value)
    }
    await client.close()
    await cluster.converged(['1.1', '1.3'])
    // What is known to be acknowledged is noted after the answer; with nothing under way the note is soon complete.
    await still(() => readFileSync(join(patient.#live, '1.3', 'mark')))
    for (const id of ['1.1', '1.3']) await cluster.kill(id)
    cpSync(patient.#live, patient.#pristine, { recursive: true, filter: (path) => !/lock\./.test(path) })
    return patient
  }

  get #live(): string {
    return join(this.directory, 'data')
  }

  get #pristine(): string {
    return join(this.directory, 'pristine')
  }

  folder(id: string): string {
    return join(this.#live, id)
  }

  start(id: string): Program {
    return this.cluster.start(id, ...this.#flags)
  }

  async killAll(): Promise<void> {
    for (const id of this.cluster.alive) await this.cluster.kill(id)
  }

  /** All directories as they were before the damage. */
  restore(): void {
    rmSync(this.#live, { recursive: true, force: true })
    cpSync(this.#pristine, this.#live, { recursive: true })
  }

  /** Whether these nodes are ready within the time. */
  serves(ids: readonly string[], withinMs: number): Promise<boolean> {
    const ready = async (id: string) => (await this.cluster.ask(id, 'GET', '/health/ready')).status === 200
    const all = async () => (await Promise.all(ids.map(ready))).every(Boolean)
    return until('ready', all, withinMs).then(
      () => true,
      () => false,
    )
  }

  /** What a node answers wrongly, or null. */
  async wrongAnswer(id: string): Promise<string | null> {
    for (const [key, value] of this.expected) {
      const answer = await until(`${id} reads ${key}`, async () => {
        const { status, body } = await this.cluster.ask(id, 'GET', `/kv/${key}`)
        return (status === 200 || status === 404) && { status, body }
      })
      if (answer.body !== value) return `${id} answers ${answer.status} ${answer.body} for key ${key}, not ${value}`
    }
    return null
  }
}

/** Damages, starts and judges again and again; true for each trial that ended well. */
export async function* damageDisks({ algorithm, seed, trials, write }: DamageOptions): AsyncGenerator<boolean> {
  const chooser = new SeededChooser(seed)
  const patient = await Patient.prepare(algorithm)
  const counts = { refused: 0, repaired: 0, served: 0, 'served with the third': 0 }
  for (let trial = 1; trial <= trials; trial++) {
    patient.restore()
    const what = hurt(patient.folder('1.3'), chooser)
    let failure: string | null = null
    try {
      const end = await endOf(patient, counts.refused % REPAIR === 0)
      if ('failure' in end) failure = end.failure
      else for (const outcome of end.outcomes) counts[outcome] += 1
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error)
    }
    await patient.killAll()
    if (failure !== null) {
      const kept = temporaryDirectory()
      cpSync(patient.directory, kept, { recursive: true })
      keep(kept)
      write(`FAILED trial ${trial}: ${what}: ${failure}\n  kept in ${kept}`)
    }
    yield failure === null
  }
  write(
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', '),
  )
}

type Outcome = 'refused' | 'repaired' | 'served' | 'served with the third'

/** What becomes of a damaged node. */
async function endOf(patient: Patient, repair: boolean): Promise<{ outcomes: Outcome[] } | { failure: string }> {
  const before = contents(patient.folder('1.3'))
  const program = patient.start('1.3')
  const listens = () => patient.cluster.ask('1.3', 'GET', '/health').then(({ status }) => status === 200)
  await until('1.3 runs or has ended', async () => !program.running || (await listens()))
  if (!program.running) {
    const failure = await dishonest(program, NAMED)
    if (failure !== null) return { failure }
    if (!isDeepStrictEqual(contents(patient.folder('1.3')), before)) return { failure: 'refused, but changed' }
    if (!repair) return { outcomes: ['refused'] }
    const again = patient.start('1.3')
    await until('it is refused again', () => !again.running)
    const wrong = (await dishonest(again, NAMED)) ?? (await repaired(patient))
    return wrong === null ? { outcomes: ['refused', 'repaired'] } : { failure: wrong }
  }
  patient.start('1.2')
  const alone = await patient.serves(['1.2', '1.3'], ALONE_MS)
  if (!alone) {
    patient.start('1.1')
    if (!(await patient.serves(['1.1', '1.2', '1.3'], SERVE_MS))) return { failure: 'neither refused nor ready' }
  }
  const wrong = (await patient.wrongAnswer('1.2')) ?? (await patient.wrongAnswer('1.3'))
  return wrong === null ? { outcomes: [alone ? 'served' : 'served with the third'] } : { failure: wrong }
}

/** The way back that docs/storage.md gives: without its folder the node takes everything over from the others. */
async function repaired(patient: Patient): Promise<string | null> {
  rmSync(patient.folder('1.3'), { recursive: true })
  for (const id of ['1.1', '1.2', '1.3']) patient.start(id)
  if (!(await patient.serves(['1.1', '1.2', '1.3'], SERVE_MS))) return 'not ready with an empty directory'
  return patient.wrongAnswer('1.3')
}

/** Flips one byte of a random file, or cuts it; says which. */
function hurt(folder: string, chooser: SeededChooser): string {
  const path = join(folder, chooser.pick(readdirSync(folder).filter((name) => statSync(join(folder, name)).size > 0)))
  const bytes = readFileSync(path)
  const from = chooser.chance(0.5) ? Math.max(0, bytes.length - TAIL_BYTES) : 0
  const at = from + chooser.below(bytes.length - from)
  if (chooser.chance(0.4)) {
    truncateSync(path, at)
    return `${path} of ${bytes.length} bytes cut at ${at}`
  }
  const mask = 1 + chooser.below(255)
  bytes[at]! ^= mask
  writeFileSync(path, bytes)
  return `${path} of ${bytes.length} bytes, byte ${at} changed by ${mask}`
}

function contents(folder: string): Map<string, string> {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('lock.')) : []
  return new Map(names.map((name) => [name, readFileSync(join(folder, name)).toString('base64')]))
}

/** Waits until what `look` sees stays as it is for a while. */
async function still(look: () => Buffer): Promise<void> {
  let [before, since] = [look(), performance.now()]
  await until('nothing changes', () => {
    const now = look()
    if (!now.equals(before)) [before, since] = [now, performance.now()]
    return performance.now() - since > 500
  })
}
