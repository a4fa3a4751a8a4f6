/**
 * The program behind `npm run figures`: measures what docs/storage.md says of disks and of memory, on this machine. Each line
 * says whether it is of a durable cluster (fdatasync before every acknowledgement) or of one in memory.
 */
import { readdirSync, statSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseFlags, run } from '../../bin/flags.ts'
import { loadProtocol } from '../../bin/protocols.ts'
import { type Protocol, put } from '../../src/index.ts'
import { endAll, temporaryDirectory, until } from '../support/processes.ts'
import { drive, LocalCluster } from './cluster.ts'

const FIGURES = ['recovery', 'snapshot', 'ratio', 'syncs', 'flat'] as const

const PROGRAM = {
  name: 'figures',
  usage: '[flags]',
  flags: {
    figure: { type: 'string', choices: FIGURES, describe: 'only this one' },
    algorithm: { type: 'string', default: 'paxos', describe: 'name of a protocol, or path to a plugin module' },
    records: { type: 'integer', default: 1_000_000, describe: 'recovery: how many records' },
    keys: { type: 'integer', default: 1_000_000, describe: 'snapshot: how many keys' },
    operations: { type: 'integer', default: 10_000_000, describe: 'flat: how many writes' },
    seconds: { type: 'number', default: 5, describe: 'ratio: how long each of its runs takes' },
  },
  epilogue: 'Nodes of one process on one disk, without HTTP and sockets. Exit: 0 measured, 1 failed, 2 usage.',
} as const

const MIB = 1024 * 1024
/** As many as nodes take at once, with room for more. */
const MANY = 1024
const KEYS = 1000
const ROUNDS = 3
const VALUE = Buffer.alloc(10, 'v')

async function main(): Promise<void> {
  const { flags } = parseFlags(PROGRAM, process.argv.slice(2))
  const protocol = await loadProtocol(flags.algorithm)
  const [{ model = 'unknown processor' } = {}] = cpus()
  print(`${model}, ${cpus().length} cores; Node ${process.version}; ${protocol.name}`)
  const measure = {
    recovery: () => recovery(protocol, flags.records),
    snapshot: () => snapshot(protocol, flags.keys),
    ratio: () => ratio(protocol, flags.seconds * 1000),
    syncs: () => syncs(protocol),
    flat: () => flat(protocol, flags.operations),
  }
  for (const figure of FIGURES) {
    if (flags.figure === undefined || flags.figure === figure) await measure[figure]()
    await endAll()
  }
}

/** A log of so many records, none of them behind a snapshot, is read by a node that starts. */
async function recovery(protocol: Protocol, records: number): Promise<void> {
  const plan = { protocol, size: 1, place: temporaryDirectory(), logBytes: Number.MAX_SAFE_INTEGER }
  // One command a slot, so that there is a record for each.
  const cluster = await LocalCluster.open({ ...plan, options: { batch: 1 } })
  await drive(cluster.leader.node, MANY, (count) => (count < records ? write(count) : null))
  await cluster.close()
  const bytes = sizeOf(plan.place)
  const watch = stopwatch()
  const again = await LocalCluster.open(plan)
  const took = watch()
  const found = (again.leader.disk.inner as unknown as { recovered: { records: number } }).recovered.records
  await again.close()
  print(`durable: recovery: ${found} records, ${mib(bytes)}, by a node that then serves: ${took}`)
}

/** A checkpoint of so many keys, made under load; and a start from it. */
async function snapshot(protocol: Protocol, keys: number): Promise<void> {
  const plan = { protocol, size: 1, place: temporaryDirectory(), logBytes: Number.MAX_SAFE_INTEGER }
  const cluster = await LocalCluster.open(plan)
  const { node, disk } = cluster.leader
  await drive(node, MANY, (count) => (count < keys ? write(count) : null))
  const calm = await drive(node, 64, (count) => (count < 20_000 ? write(count) : null))
  disk.due = true
  const watch = stopwatch()
  const { operations, seconds, worstMs } = await drive(node, 64, (count) =>
    disk.checkpoints === 0 ? write(count % keys) : null,
  )
  const took = watch()
  await cluster.close()
  print(`durable: snapshot: ${keys} keys, ${mib(disk.inner.bytes!.snapshot)}, under load: ${took}`)
  const rate = (done: { operations: number; seconds: number }) => Math.round(done.operations / done.seconds)
  print(
    `  meanwhile ${rate({ operations, seconds })} writes/s, the slowest ${worstMs.toFixed(0)} ms; before ${rate(calm)} writes/s, ${calm.worstMs.toFixed(0)} ms`,
  )
  const restart = stopwatch()
  const again = await LocalCluster.open(plan)
  print(`durable: start from it: ${restart()}`)
  await again.close()
}

/** The same load on disk and in memory, in turns. */
async function ratio(protocol: Protocol, ms: number): Promise<void> {
  for (const inFlight of [64, 256, MANY]) {
    const rates = { durable: [] as number[], memory: [] as number[] }
    for (let round = 0; round < ROUNDS; round++) {
      for (const kind of ['durable', 'memory'] as const) {
        const place = kind === 'memory' ? kind : temporaryDirectory()
        const cluster = await LocalCluster.open({ protocol, size: 3, place })
        const end = performance.now() + ms
        const done = await drive(cluster.leader.node, inFlight, (count) =>
          performance.now() < end ? write(count % KEYS) : null,
        )
        await cluster.close()
        rates[kind].push(done.operations / done.seconds)
      }
    }
    const [durable, memory] = [median(rates.durable), median(rates.memory)]
    const share = ((100 * durable) / memory).toFixed(0)
    print(
      `3 nodes, ${inFlight} in flight: durable ${Math.round(durable)}, memory ${Math.round(memory)} writes/s: ${share} %`,
    )
  }
}

/** How often disks are synced for a write. */
async function syncs(protocol: Protocol): Promise<void> {
  for (const inFlight of [1, 64, MANY]) {
    const cluster = await LocalCluster.open({ protocol, size: 3, place: temporaryDirectory() })
    const writes = inFlight === 1 ? 1000 : 50_000
    await drive(cluster.leader.node, inFlight, (count) => (count < 100 ? write(count) : null))
    const before = cluster.members.map(({ disk }) => disk.syncs)
    const { seconds } = await drive(cluster.leader.node, inFlight, (count) =>
      count < writes ? write(count % KEYS) : null,
    )
    const each = cluster.members.map(({ disk }, index) => ((disk.syncs - before[index]!) / writes).toFixed(3))
    print(
      `durable: 3 nodes, ${inFlight} in flight: syncs per write ${each.join(', ')}; ${Math.round(writes / seconds)} writes/s`,
    )
    await cluster.close()
  }
}

/** Whether memory and disk stay bounded over many writes. */
async function flat(protocol: Protocol, operations: number): Promise<void> {
  const place = temporaryDirectory()
  const cluster = await LocalCluster.open({ protocol, size: 3, place })
  const step = Math.ceil(operations / 10)
  for (let sofar = 0; sofar < operations; sofar += step) {
    const { seconds } = await drive(cluster.leader.node, MANY, (count) =>
      count < step ? write((sofar + count) % KEYS) : null,
    )
    global.gc?.()
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
    const disks = cluster.members.map(({ node }) => mib(sizeOf(join(place, node.id.name)))).join(', ')
    print(
      `durable: 3 nodes, ${sofar + step} writes: heap ${mib(heapUsed)}, buffers ${mib(arrayBuffers)}, resident ${mib(rss)}; disks ${disks}; ${Math.round(step / seconds)} writes/s`,
    )
  }
  const executed = () => cluster.members.map(({ replica }) => replica.status().executed)
  await until('all have executed equally much', () => new Set(executed()).size === 1)
  const hashes = new Set(cluster.members.map(({ node }) => node.store.hash()))
  await cluster.close()
  print(`durable: 3 nodes: ${hashes.size === 1 ? 'equal states' : 'DIFFERENT STATES'} in the end`)
}

/** Gives what tells how long it took since: on the clock, and of a processor, which other programs do not lengthen. */
function stopwatch(): () => string {
  const begin = performance.now()
  const before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    const seconds = (performance.now() - begin) / 1000
    return `${seconds.toFixed(1)} s (${((user + system) / 1e6).toFixed(1)} s of a processor)`
  }
}

function write(key: number) {
  return put(String(key), VALUE)
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((e) => e.isFile())
    .reduce((sum, e) => sum + statSync(join(e.parentPath, e.name)).size, 0)
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(0)} MiB`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

await run(async () => {
  try {
    await main()
  } finally {
    await endAll()
  }
})
