/**
 * Nodes of one process, without HTTP and sockets, on real disks or in memory: what is measured is the node, the protocol
 * and the storage. Each disk can be told to make a checkpoint now, and counts what it did.
 */
import { join } from 'node:path'
import { type Command, NODE_DEFAULTS, Node, type Protocol, type Replica } from '../../src/index.ts'
import { Cluster } from '../../src/node-id.ts'
import type { Outcome } from '../../src/request.ts'
import { realRandom } from '../../src/runtime/chance.ts'
import { InProcessHub } from '../../src/runtime/in-process-transport.ts'
import { memoryStorage } from '../../src/runtime/memory-storage.ts'
import { realClock } from '../../src/runtime/real-clock.ts'
import { DiskStorage } from '../../src/runtime/storage/disk-storage.ts'
import type { OpenStorage } from '../../src/runtime/storage/open.ts'
import { type Receive, SILENT, type Storage } from '../../src/seams.ts'
import { KeyValueStore } from '../../src/store/kv-store.ts'
import { until } from '../support/processes.ts'

/** How a cluster is made. */
export interface Plan {
  readonly protocol: Protocol
  readonly size: number
  /** A directory, or `memory`. */
  readonly place: string
  readonly options?: Readonly<Record<string, number>>
  /** See `limits.log_bytes` in docs/configuration.md. */
  readonly logBytes?: number
}

/** A node's storage under observation. */
class Watched {
  syncs = 0
  checkpoints = 0
  /** Asks for a checkpoint at the end of the next turn. */
  due = false
  readonly inner: OpenStorage

  constructor(inner: OpenStorage) {
    this.inner = inner
  }

  get storage(): Storage {
    const { inner } = this
    const isDue = () => this.due || inner.checkpointDue
    return {
      durable: inner.durable,
      incarnation: inner.incarnation,
      forgot: inner.forgot,
      recover: (kinds) => inner.recover(kinds),
      append: (record) => inner.append(record),
      sync: (done, failed) => {
        this.syncs += 1
        inner.sync(done, failed)
      },
      get checkpointDue() {
        return isDue()
      },
      checkpoint: (records, done, failed) => {
        this.due = false
        inner.checkpoint(
          records,
          () => {
            this.checkpoints += 1
            done()
          },
          failed,
        )
      },
    }
  }
}

/** One node of it. */
export interface Member {
  readonly node: Node
  readonly replica: Replica
  readonly disk: Watched
}

export class LocalCluster {
  readonly members: readonly Member[]

  private constructor(members: readonly Member[]) {
    this.members = members
  }

  /** Opens the storages, starts the nodes and waits until they serve. */
  static async open({ protocol, size, place, options = {}, logBytes }: Plan): Promise<LocalCluster> {
    const cluster = new Cluster(Array.from({ length: size }, (_, index) => `1.${index + 1}`))
    const hub = new InProcessHub()
    const names = cluster.members.map(({ name }) => name)
    const members: Member[] = []
    for (const id of cluster.members) {
      const owner = { cluster: 'synod', members: names, node: id.name, algorithm: protocol.name }
      const inner =
        place === 'memory'
          ? memoryStorage()
          : await DiskStorage.open({
              directory: join(place, id.name),
              owner,
              ...(logBytes === undefined ? {} : { checkpointBytes: logBytes }),
            })
      const disk = new Watched(inner)
      let receive: Receive = () => {}
      const transport = hub.join(id, (from, frame) => receive(from, frame), SILENT)
      const parts = {
        transport,
        clock: realClock,
        random: realRandom(),
        storage: disk.storage,
        stateMachine: new KeyValueStore({ multiversion: false }),
        log: SILENT,
        onFailure: (error: unknown) => {
          throw error
        },
      }
      const node = new Node(id, cluster, parts, { ...NODE_DEFAULTS, requestTimeoutMs: 60_000 })
      receive = (from, frame) => node.receive(from, frame)
      // Patient: nodes of one process stand still together.
      const timeouts = { election_ms: 3000, heartbeat_ms: 100 }
      members.push({ node, replica: protocol.create(node, protocol.options(options, timeouts)), disk })
    }
    for (const { node, replica } of members) node.start(replica)
    const self = new LocalCluster(members)
    await until('the cluster serves', () => members.every(({ replica }) => replica.status().ready), 120_000)
    return self
  }

  /** The node that leads; the first one where nobody does. */
  get leader(): Member {
    const { leader } = this.members[0]!.replica.status()
    return this.members.find(({ node }) => node.id === leader) ?? this.members[0]!
  }

  get syncs(): number {
    return this.members.reduce((sum, { disk }) => sum + disk.syncs, 0)
  }

  async close(): Promise<void> {
    for (const { node } of this.members) node.stop()
    for (const { disk } of this.members) await disk.inner.close()
  }
}

/** What a load came to. */
export interface Done {
  readonly operations: number
  readonly seconds: number
  /** The longest that one operation took. */
  readonly worstMs: number
}

/**
 * Keeps so many commands under way at a node until `next` has none left.
 * @param next gives the command of each number, or null to end
 */
export function drive(node: Node, inFlight: number, next: (count: number) => Command | null): Promise<Done> {
  const begin = performance.now()
  let [count, open, worstMs, ended] = [0, 0, 0, false]
  return new Promise((resolve, reject) => {
    const fill = (): void => {
      while (!ended && open < inFlight) {
        const command = next(count)
        if (!command) {
          ended = true
          break
        }
        count += 1
        open += 1
        const submitted = performance.now()
        node.submit(command, '', (outcome: Outcome) => {
          open -= 1
          worstMs = Math.max(worstMs, performance.now() - submitted)
          if (!outcome.ok) reject(new Error(`${outcome.code}: ${outcome.reason}`))
          else fill()
        })
      }
      if (ended && open === 0) resolve({ operations: count, seconds: (performance.now() - begin) / 1000, worstMs })
    }
    fill()
  })
}
