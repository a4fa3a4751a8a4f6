/** One round of torture: a fresh cluster with data directories, load, strikes, and then everything must be well. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatSynod } from '../../src/checker/index.ts'
import { parseHistory } from '../../src/client/views.ts'
import type { Protocol } from '../../src/replica.ts'
import { SeededChooser } from '../../src/sim/chooser.ts'
import { RealCluster } from '../e2e/cluster.ts'
import { keep, temporaryDirectory, until } from '../support/processes.ts'
import { judgeHistory, judgeVersions } from './judges.ts'
import { Load } from './load.ts'
import { type Kill, Strikes } from './strikes.ts'

const WORKERS = 6
const KEYS = ['0', '1', '2', '3', '4', '5', '6', '7']
/** Fewer acknowledged operations prove nothing. */
const LEAST_OPERATIONS = 50

export interface Plan {
  readonly protocol: Protocol
  /** As `-algorithm` names it. */
  readonly algorithm: string
  readonly nodes: number
  readonly kill: Kill
  readonly faults: boolean
  readonly seed: number
  readonly loadMs: number
  /** How long it may take until all serve again. */
  readonly recoveryMs: number
}

export interface RoundReport {
  readonly acknowledged: number
  readonly refused: number
  readonly unknown: number
  readonly kills: number
  readonly faults: number
  /** From the last restart or fault to the moment at which every node had taken a write and served all keys. */
  readonly recoveryMs: number | null
  readonly failure: string | null
  /** Where the servers' directories, logs and the history are; null when the round passed. */
  readonly directory: string | null
}

/** Plays one round. What it draws follows from its seed; what the processes make of it does not. */
export async function playRound(plan: Plan): Promise<RoundReport> {
  const chooser = new SeededChooser(plan.seed)
  const directory = temporaryDirectory()
  const ids = Array.from({ length: plan.nodes }, (_, index) => `1.${index + 1}`)
  const sessions = plan.protocol.sessions !== 'none'
  const cluster = await RealCluster.create(ids, {
    storage: join(directory, 'data'),
    fault_injection: true,
    multiversion: sessions,
    // With a short log checkpoints come often, and kills fall into them.
    ...(chooser.chance(0.6) ? { limits: { log_bytes: 20_000 } } : {}),
  })
  const strikes = new Strikes(cluster, chooser, ['-algorithm', plan.algorithm])
  for (const id of ids) strikes.start(id)
  const load = new Load({
    nodes: cluster.nodes,
    sessions,
    workers: WORKERS,
    keys: KEYS,
    chooser: new SeededChooser(plan.seed),
  })
  let recoveryMs: number | null = null
  let failure: string | null = null
  try {
    // Sometimes strikes begin before the cluster has been founded.
    if (chooser.chance(0.7)) await until('the first write', () => load.acknowledged.length > 0, plan.recoveryMs)
    await strike(strikes, chooser, plan)
    await strikes.heal()
    recoveryMs = await recover(cluster, load, plan.recoveryMs)
    await load.stop()
    // Once more, with nothing under way: what was acknowledged is on disk, or it was not.
    await strikes.restartAll()
    await recover(cluster, load, plan.recoveryMs)
    failure = strikes.ownDeath ?? (await judge(cluster, load, sessions))
  } catch (error) {
    failure = strikes.ownDeath ?? (error instanceof Error ? error.message : String(error))
  } finally {
    await load.close()
  }
  if (failure !== null) preserve(directory, cluster, strikes, load, failure)
  return {
    acknowledged: load.history.filter(({ outcome }) => outcome === 'ok').length,
    refused: load.refused.length,
    unknown: load.unknown,
    kills: strikes.kills,
    faults: strikes.faults,
    recoveryMs,
    failure,
    directory: failure === null ? null : directory,
  }
}

async function strike(strikes: Strikes, chooser: SeededChooser, { loadMs, kill, faults }: Plan): Promise<void> {
  const end = performance.now() + loadMs
  while (performance.now() < end) {
    await sleep(chooser.between(0, Math.min(1200, loadMs / 2)))
    if (faults) for (let count = chooser.below(3); count > 0; count--) await strikes.fault()
    await strikes.kill(kill)
  }
}

/** Waits until every node takes a write and serves every key; gives how long that took. */
async function recover(cluster: RealCluster, load: Load, withinMs: number): Promise<number> {
  const startedAt = performance.now()
  const rest = () => Math.max(1, withinMs - (performance.now() - startedAt))
  for (const id of cluster.ids) {
    await until(
      `${id} is ready`,
      async () => {
        const { status, body } = await cluster.ask(id, 'GET', '/health/ready', undefined, 2000)
        if (status !== 200) throw new Error(body.trim())
        return true
      },
      rest(),
    )
    await until(`${id} serves`, () => load.visit(id).then(() => true), rest())
  }
  return performance.now() - startedAt
}

/** What is wrong with the round, or null. */
async function judge(cluster: RealCluster, load: Load, sessions: boolean): Promise<string | null> {
  if (load.surprises.length > 0) return `a client met what it should not: ${String(load.surprises[0])}`
  const verdict = judgeHistory(load.history)
  if (verdict !== null) return verdict
  if (sessions) {
    // A follower learns of the last writes a little later; what it has by then stays.
    await cluster.converged(cluster.ids)
    for (const id of cluster.ids) {
      for (const key of KEYS) {
        const { body } = await cluster.ask(id, 'GET', `/history?key=${key}`)
        const ofKey = <T extends { readonly key: string }>(writes: readonly T[]) => writes.filter((w) => w.key === key)
        const values = parseHistory(id, Buffer.from(body)).map(String)
        const [acknowledged, refused] = [ofKey(load.acknowledged), ofKey(load.refused)]
        const wrong = judgeVersions({ key, values, acknowledged, refused })
        if (wrong !== null) return `${id}: ${wrong}`
      }
    }
  }
  const { length } = load.history
  return length < LEAST_OPERATIONS ? `only ${length} operations: the round proves nothing` : null
}

/** Keeps what a failed round leaves for whoever looks for the cause. */
function preserve(
  directory: string,
  cluster: RealCluster,
  { lives }: Strikes,
  { history }: Load,
  failure: string,
): void {
  keep(directory)
  mkdirSync(join(directory, 'logs'))
  for (const [life, { id, program }] of lives.entries()) {
    writeFileSync(join(directory, 'logs', `${String(life).padStart(3, '0')}-${id}.log`), program.stderr)
  }
  writeFileSync(join(directory, 'history.jsonl'), [...formatSynod(history)].join(''))
  writeFileSync(join(directory, 'failure.txt'), `${failure}\n`)
  writeFileSync(join(directory, 'addresses.json'), JSON.stringify(cluster.nodes, null, 2))
}
