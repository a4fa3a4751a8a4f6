/**
 * Small disks, of a tmpfs each, that fill up under load: their nodes stop in one line or refuse, the others go on; and
 * when there is space again and they are restarted, nothing acknowledged is missing.
 */
import { spawnSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import type { Protocol } from '../../src/replica.ts'
import { SeededChooser } from '../../src/sim/chooser.ts'
import { RealCluster } from '../e2e/cluster.ts'
import { announce, keep, type Program, temporaryDirectory, until } from '../support/processes.ts'
import { dishonest } from './ending.ts'
import { judgeHistory } from './judges.ts'
import { Load } from './load.ts'

const IDS = ['1.1', '1.2', '1.3']
const KEYS = ['0', '1', '2', '3']
const SMALL = '256k'
const LARGE = '64m'
const FILL_MS = 60_000

export interface FullDiskOptions {
  readonly algorithm: string
  readonly protocol: Protocol
  readonly write: (line: string) => void
}

const mounts = new Set<string>()

/** A tmpfs of this size at a new directory; null with the reason where there is none to be had. */
function mount(size: string): { path: string } | { reason: string } {
  const path = temporaryDirectory()
  const { status, stderr, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'synod', path])
  if (status !== 0) return { reason: (error?.message ?? String(stderr)).trim() }
  mounts.add(path)
  announce('+', `mount:${path}`)
  return { path }
}

/** Unmounts all; who still has a file open keeps it until then. */
export function unmountAll(): void {
  for (const path of mounts) {
    const { status, stderr } = spawnSync('umount', ['-l', path])
    if (status !== 0) process.stderr.write(`umount ${path}: ${String(stderr).trim()}\n`)
    announce('-', `mount:${path}`)
  }
  mounts.clear()
}

/** One disk that fills up, then all three; true for each that went well. */
export async function* fillDisks(options: FullDiskOptions): AsyncGenerator<boolean> {
  for (const full of [['1.3'], IDS]) {
    const disks = new Map<string, string>()
    for (const id of IDS) {
      const disk = full.includes(id) ? mount(SMALL) : { path: temporaryDirectory() }
      if ('path' in disk) disks.set(id, disk.path)
      else {
        unmountAll()
        options.write(`SKIPPED full disk: no tmpfs can be mounted here (it needs root): ${disk.reason}`)
        return
      }
    }
    let failure: string | null
    try {
      failure = await fill(options, new SmallDisks(await RealCluster.create(IDS), options.algorithm, disks, full))
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error)
    }
    if (failure === null) options.write(`full disk of ${full.join(', ')}: passed`)
    else {
      const kept = temporaryDirectory()
      for (const disk of disks.values()) cpSync(disk, kept, { recursive: true, filter: (path) => !/lock\./.test(path) })
      keep(kept)
      options.write(`FAILED full disk of ${full.join(', ')}: ${failure}\n  kept in ${kept}`)
    }
    unmountAll()
    yield failure === null
  }
}

/** A cluster of which some have small disks. */
class SmallDisks {
  constructor(
    readonly cluster: RealCluster,
    readonly algorithm: string,
    readonly disks: ReadonlyMap<string, string>,
    readonly full: readonly string[],
  ) {}

  get dead(): string[] {
    return IDS.filter((id) => !this.cluster.alive.includes(id))
  }

  start(id: string): Program {
    return this.cluster.start(id, '-algorithm', this.algorithm, '-storage', this.disks.get(id)!)
  }

  /** Gives the small disks more room. */
  grow(): void {
    for (const id of this.full) {
      const { status, stderr } = spawnSync('mount', ['-o', `remount,size=${LARGE}`, this.disks.get(id)!])
      if (status !== 0) throw new Error(`the disk of ${id} cannot be made larger: ${String(stderr).trim()}`)
    }
  }
}

/** Fills the small disks, makes room, and looks for what was acknowledged; gives what is wrong, or null. */
async function fill({ protocol, write }: FullDiskOptions, small: SmallDisks): Promise<string | null> {
  const { cluster, full } = small
  for (const id of IDS) small.start(id)
  await cluster.ready()
  const sessions = protocol.sessions !== 'none'
  const load = new Load({ nodes: cluster.nodes, sessions, workers: 6, keys: KEYS, chooser: new SeededChooser(1) })
  try {
    // Without a majority nothing is written any more, so the last of three may stay.
    const ends = Math.min(full.length, 2)
    await until(`${ends} of ${full.join(', ')} stop`, () => small.dead.length >= ends, FILL_MS)
    for (const id of small.dead) {
      const failure = await dishonest(cluster.program(id), /ENOSPC/)
      if (failure !== null) return `${id} ${failure}`
    }
    const before = load.acknowledged.length
    if (full.length === 1) await until('the others go on', () => load.acknowledged.length >= before + 50)
    const failure = await startedFull(small, small.dead[0]!)
    if (failure !== null) return failure
    small.grow()
    for (const id of small.dead) small.start(id)
    await cluster.ready()
    await load.stop()
    await Promise.all(IDS.map((id) => cluster.kill(id)))
    for (const id of IDS) small.start(id)
    await cluster.ready()
    for (const id of IDS) await until(`${id} serves`, () => load.visit(id).then(() => true))
    write(`${load.acknowledged.length} writes acknowledged, ${load.refused.length} refused, ${load.unknown} unknown`)
    if (load.surprises.length > 0) return `a client met what it should not: ${String(load.surprises[0])}`
    return judgeHistory(load.history)
  } finally {
    await load.close()
    await Promise.all(cluster.alive.map((id) => cluster.kill(id)))
  }
}

/** A start on a full disk serves, or ends in one line as the first time; gives what is wrong, or null. */
async function startedFull(small: SmallDisks, id: string): Promise<string | null> {
  const program = small.start(id)
  const listens = () => small.cluster.ask(id, 'GET', '/health').then(({ status }) => status === 200)
  await until(`${id} runs or has ended`, async () => !program.running || (await listens()))
  if (!program.running) {
    const failure = await dishonest(program, /ENOSPC/)
    return failure === null ? null : `${id}, started on a full disk, ${failure}`
  }
  await small.cluster.kill(id)
  return null
}
