/** What the servers say of themselves under load, second by second, from `/metrics`. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RealCluster } from '../e2e/cluster.ts'

const INTERVAL_MS = 1000
/** An operator who looks in under load waits no longer. */
const PATIENCE_MS = 5000
const MIB = 1024 * 1024

/** One look at one node. */
export interface Sample {
  readonly id: string
  readonly residentMib: number
  readonly round: number
  readonly leaderChanges: number
  readonly campaigns: number
  readonly cpuSeconds: number
}

/** The value of a metric without labels, or with exactly these. */
function metric(text: string, name: string, labels = ''): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}${labels} `))
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ')))
}

/** Looks at one node. */
export async function look(cluster: RealCluster, id: string): Promise<Sample> {
  const { status, body } = await cluster.ask(id, 'GET', '/metrics', undefined, PATIENCE_MS)
  if (status !== 200) throw new Error(`/metrics of ${id}: ${status} ${body}`)
  return {
    id,
    residentMib: metric(body, 'process_resident_memory_bytes') / MIB,
    round: metric(body, 'synod_ballot_round'),
    leaderChanges: metric(body, 'synod_leader_changes_total'),
    campaigns: metric(body, 'synod_log_events_total', '{level="info",event="campaign"}'),
    cpuSeconds: metric(body, 'process_cpu_seconds_total'),
  }
}

/** Looks at all nodes each second until it is stopped. */
export class Watch {
  readonly samples: Sample[] = []
  /** Looks that got no answer in time. */
  missed = 0
  readonly #stop = new AbortController()
  readonly #ended: Promise<unknown>

  constructor(cluster: RealCluster) {
    this.#ended = Promise.all(cluster.ids.map((id) => this.#follow(cluster, id)))
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#ended
  }

  async #follow(cluster: RealCluster, id: string): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        this.samples.push(await look(cluster, id))
      } catch {
        this.missed += 1
      }
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => {})
    }
  }
}
