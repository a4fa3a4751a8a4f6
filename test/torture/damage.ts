/**
 * Random damage to one node's directory: a byte flipped, or a file cut, as a disk may do it. The node must set it aside
 * whole, say so, and repair itself from the two others; or start and be as good as before: it is tried beside the one
 * node that missed all writes, so that only its own records, or the third node, can give them back.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { KeyValueClient } from '../../src/client/index.ts'
import type { Protocol } from '../../src/replica.ts'
import { SeededChooser } from '../../src/sim/chooser.ts'
import { RealCluster, type State } from '../e2e/cluster.ts'
import { keep, type Program, still, temporaryDirectory, until } from '../support/processes.ts'
import { dishonest } from './ending.ts'

const KEYS = 12
const WRITES = 240
/** How long the two alone may take; then the third is started, too. */
const ALONE_MS = 6000
/** After so long without any change nodes that must serve are not going to; and after so long in all. */
const STILL_MS = 20_000
const SERVE_MS = 120_000
/** The end of a log is where damage and a crash look alike, so half of the damage falls here. */
const TAIL_BYTES = 400
/** After one in so many repairs it is shown that neither the damaged node nor its repair is a pretence. */
const CLOSE_LOOK = 10
const SILENT_MS = 1500

/** A refusal says where the damage is. */
const NAMED = /data\/1\.3/

export interface DamageOptions {
  readonly algorithm: string
  readonly protocol: Protocol
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
    cpSync(patient.#live, patient.#pristine, { recursive: true, filter: isNoLock })
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

  /** Whether these nodes come to serve. A slow machine gives them time: they have it as long as what they say changes. */
  async comesToServe(ids: readonly string[]): Promise<boolean> {
    const end = performance.now() + SERVE_MS
    for (let before = ''; performance.now() < end; ) {
      if (await this.serves(ids, STILL_MS)) return true
      const said = await Promise.all(ids.map((id) => this.#readiness(id)))
      if (said.join() === before) return false
      before = said.join()
    }
    return false
  }

  #readiness(id: string): Promise<string> {
    const shown = ({ memory, reason, role, leader, executed }: State) =>
      `${memory} ${reason} ${role} ${leader} ${executed}`
    return this.cluster.state(id).then(shown, () => 'silent')
  }

  /** What the nodes said last. */
  lastWords(): string {
    const words = this.cluster.ids.map((id) => `${id}: ${this.cluster.program(id).stderr.trimEnd().split('\n').at(-1)}`)
    return ` (${words.join('; ')})`
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
export async function* damageDisks({
  algorithm,
  protocol,
  seed,
  trials,
  write,
}: DamageOptions): AsyncGenerator<boolean> {
  const chooser = new SeededChooser(seed)
  const patient = await Patient.prepare(algorithm)
  const counts = { refused: 0, repaired: 0, abstained: 0, served: 0, 'served with the third': 0 }
  for (let trial = 1; trial <= trials; trial++) {
    patient.restore()
    const what = hurt(patient.folder('1.3'), chooser)
    let failure: string | null = null
    try {
      const closely = (counts.repaired + counts.abstained) % CLOSE_LOOK === 0
      const end = await endOf(patient, protocol.abstains === true, closely)
      if ('failure' in end) failure = end.failure
      else counts[end.outcome] += 1
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error)
    }
    await patient.killAll()
    if (failure !== null) {
      const kept = temporaryDirectory()
      cpSync(patient.directory, kept, { recursive: true, filter: isNoLock })
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

type Outcome = 'refused' | 'repaired' | 'abstained' | 'served' | 'served with the third'

/** What becomes of a damaged node. */
async function endOf(
  patient: Patient,
  abstains: boolean,
  closely: boolean,
): Promise<{ outcome: Outcome } | { failure: string }> {
  const folder = patient.folder('1.3')
  const before = contents(folder)
  const program = patient.start('1.3')
  const listens = () => patient.cluster.ask('1.3', 'GET', '/health').then(({ status }) => status === 200)
  await until('1.3 runs or has ended', async () => !program.running || (await listens()), SERVE_MS)
  if (!program.running) {
    const failure = await dishonest(program, NAMED)
    if (failure !== null) return { failure }
    return isDeepStrictEqual(contents(folder), before) ? { outcome: 'refused' } : { failure: 'refused, but changed' }
  }
  if (existsSync(join(folder, 'damaged-1'))) {
    const wrong = (await setAside(patient, before)) ?? (await repaired(patient, abstains, closely))
    return wrong === null ? { outcome: abstains ? 'abstained' : 'repaired' } : { failure: wrong }
  }
  patient.start('1.2')
  const alone = await patient.serves(['1.2', '1.3'], ALONE_MS)
  if (!alone) {
    patient.start('1.1')
    if (!(await patient.comesToServe(['1.1', '1.2', '1.3'])))
      return { failure: `neither refused nor ready${patient.lastWords()}` }
  }
  const wrong = (await patient.wrongAnswer('1.2')) ?? (await patient.wrongAnswer('1.3'))
  return wrong === null ? { outcome: alone ? 'served' : 'served with the third' } : { failure: wrong }
}

/** Whether all that was there lies in the folder as it was, and the node says why. */
async function setAside(patient: Patient, before: ReadonlyMap<string, string>): Promise<string | null> {
  if (!isDeepStrictEqual(contents(join(patient.folder('1.3'), 'damaged-1')), before)) return 'set aside, but changed'
  const { damage = '' } = await patient.cluster.state('1.3')
  if (!NAMED.test(damage)) return `does not say what is damaged: ${damage}`
  const lines = patient.cluster
    .program('1.3')
    .stderr.split('\n')
    .filter((line) => line.includes('"msg":"damaged"'))
  return lines.length === 1 ? null : `${lines.length} lines about the damage`
}

/** The damaged node takes everything over from the others, or serves nobody where the protocol lets it abstain. */
async function repaired(patient: Patient, abstains: boolean, closely: boolean): Promise<string | null> {
  patient.start('1.2')
  // One that forgot and one that missed everything: they may answer nothing.
  if (closely && (await patient.serves(['1.2', '1.3'], SILENT_MS))) return 'serves although it has forgotten'
  patient.start('1.1')
  if (abstains) {
    if (!(await patient.comesToServe(['1.1', '1.2']))) return `the others do not serve${patient.lastWords()}`
    // The others serve at once; that it has forgotten it hears from them a little later.
    const told = async () => (await patient.cluster.state('1.3')).memory !== null
    await until('1.3 is told', told, SERVE_MS)
    const { memory, ready } = await patient.cluster.state('1.3')
    return memory === 'lost' && !ready ? await patient.wrongAnswer('1.2') : `does not abstain: ${memory}`
  }
  if (!(await patient.comesToServe(['1.1', '1.2', '1.3']))) return `does not repair itself${patient.lastWords()}`
  const regained = async () => (await patient.cluster.state('1.3')).memory === 'kept'
  await until('1.3 remembers again', regained, SERVE_MS)
  const wrong = await patient.wrongAnswer('1.3')
  if (wrong !== null || !closely) return wrong
  // What it has been given is on its disk: it is as good as the one that is gone now.
  await patient.cluster.kill('1.1')
  await patient.cluster.kill('1.3')
  patient.start('1.3')
  if (!(await patient.comesToServe(['1.2', '1.3']))) return `does not serve after its repair${patient.lastWords()}`
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

/** Sockets cannot be copied. */
function isNoLock(path: string): boolean {
  return !/lock\./.test(path)
}

function contents(folder: string): Map<string, string> {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('lock.')) : []
  return new Map(names.map((name) => [name, readFileSync(join(folder, name)).toString('base64')]))
}
