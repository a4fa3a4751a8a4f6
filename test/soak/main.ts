/**
 * The program behind `npm run soak`: each kind of bad input reaches a real server a thousand times, and then ten thousand
 * times in all. It must be answered as it should, the server must serve on, and its memory must not have grown.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseFlags, run } from '../../bin/flags.ts'
import { SynodError } from '../../src/errors.ts'
import type { Introduction } from '../../src/runtime/handshake.ts'
import { type Attack, MEMBERS, STRANGERS } from '../e2e/attacks.ts'
import { RealCluster } from '../e2e/cluster.ts'
import { overhear, Stranger } from '../e2e/stranger.ts'
import { endAll } from '../support/processes.ts'
import { datagrams, type Outcomes, playRest, repeat } from './player.ts'
import { BODY_BYTES, REST_ROWS } from './rest-rows.ts'

const PROGRAM = {
  name: 'soak',
  usage: '[flags]',
  flags: {
    rows: { type: 'string', default: '', describe: 'only rows with this in their name' },
    few: { type: 'integer', default: 1000, describe: 'repeats before memory is looked at first' },
    many: { type: 'integer', default: 10_000, describe: 'repeats in all' },
    growth: { type: 'number', default: 20, describe: 'MiB by which memory may have grown between the two' },
  },
  epilogue: 'Exit: 0 all rows held, 1 some did not, 2 usage, 130 interrupted.',
} as const

const THREE = ['1.1', '1.2', '1.3']
const SECRET = 'known to the nodes alone'
const MIB = 1024 * 1024
/** The process counts as idle when its memory has not moved by more than this between two looks. */
const STILL_MIB = 1
const LOOK_MS = 500
const MOST_LOOKS = 30
const MORE_LOOKS = 10
const AT_ONCE_MS = 5000

/** One kind of bad input: sends it once, and gives what came of it. */
interface Row {
  readonly name: string
  readonly once: () => Promise<string>
  /** What must come of it each time. */
  readonly expected: string
}

async function main(): Promise<number> {
  const { flags } = parseFlags(PROGRAM, process.argv.slice(2))
  if (flags.few < 1 || flags.many <= flags.few)
    throw new SynodError('usage', 'flag -many needs more than -few, which needs 1')
  // A third node whose place strangers can take, and datagrams beside the connections.
  const limits = { body_bytes: BODY_BYTES }
  const cluster = await RealCluster.create(THREE, { secret: SECRET, fault_injection: true, limits })
  await cluster.startAll('-log_level', 'warning', '-transport', 'udp')
  await cluster.kill('1.3')
  const { cluster: name, language } = await overhear(cluster.peerPort('1.3'))
  await cluster.leader(['1.1', '1.2'])
  const self = { cluster: name, language, name: '1.3', incarnation: 1, secret: SECRET }
  const socket = datagrams(cluster.peerPort('1.1'))
  const rows = rowsOf(cluster, self, socket.send).filter((row) => row.name.includes(flags.rows))
  if (rows.length === 0)
    throw new SynodError('usage', `flag -rows: no row has ${JSON.stringify(flags.rows)} in its name`)
  let failed = 0
  for (const row of rows) {
    const [first, more] = [flags.few, flags.many - flags.few]
    const outcomes = await repeat(first, row.once)
    await serves(cluster)
    const before = await residentMib(cluster)
    add(outcomes, await repeat(more, row.once))
    await serves(cluster)
    let after = await residentMib(cluster)
    // What a leak has taken does not come back; what a collector has not looked at yet does.
    for (let look = 0; look < MORE_LOOKS && after - before > flags.growth; look++) {
      add(outcomes, await repeat(first, row.once))
      after = Math.min(after, await residentMib(cluster))
    }
    const right = outcomes.size === 1 && outcomes.has(row.expected)
    const good = right && after - before <= flags.growth
    if (!good) failed += 1
    print(
      `${good ? 'ok    ' : 'FAILED'} ${row.name.padEnd(44)} ${before.toFixed(1)} -> ${after.toFixed(1)} MiB; ${told(outcomes)}${right ? '' : `, not always ${row.expected}`}`,
    )
  }
  socket.close()
  print(`${rows.length - failed} passed, ${failed} failed`)
  return failed > 0 ? 1 : 0
}

function rowsOf(cluster: RealCluster, self: Introduction, send: (bytes: Uint8Array) => Promise<string>): Row[] {
  const port = cluster.httpPort('1.1')
  const rest = REST_ROWS.map((row): Row => {
    return { name: `REST: ${row.name}`, once: () => playRest(port, row), expected: row.statuses.join(' ') || 'gone' }
  })
  const strangers = STRANGERS.map(([name, attack]): Row => {
    return { name: `stranger: ${name}`, once: () => play(cluster, self, attack), expected: 'closed' }
  })
  const truncated: readonly [string, Uint8Array] = ['a frame that is cut off', Uint8Array.of(50, 0, 0, 0, 1, 0, 9)]
  const members = [...MEMBERS, truncated].map(([name, bytes]): Row => {
    const attack: Attack = async (stranger, introduction) => {
      await stranger.introduce(introduction, '1.1')
      stranger.send(bytes)
      if (bytes === truncated[1]) stranger.socket.end()
      return undefined
    }
    // Each one that comes takes the place of the one before, so one may be closed before it has said anything.
    return { name: `member: ${name}`, once: () => play(cluster, self, attack), expected: 'closed' }
  })
  const udp: Row[] = [
    { name: 'datagram: random bytes', once: () => send(randomBytes(200)), expected: 'sent' },
    {
      name: 'datagram: of a member, forged',
      once: () => send(Buffer.concat([Buffer.from([1, 0]), randomBytes(90)])),
      expected: 'sent',
    },
    { name: 'datagram: empty', once: () => send(Buffer.alloc(0)), expected: 'sent' },
  ]
  return [...rest, ...strangers, ...members, ...udp]
}

async function play(cluster: RealCluster, self: Introduction, attack: Attack): Promise<string> {
  const stranger = new Stranger(cluster.peerPort('1.1'))
  try {
    await stranger.challenge
    await attack(stranger, self)
  } catch {
    // It may be closed already: at most 256 are heard at a time.
  }
  return (await stranger.endsWithin(AT_ONCE_MS)) ? 'closed' : 'kept'
}

/** A good write through one node is read through the other. */
async function serves(cluster: RealCluster): Promise<void> {
  const value = randomBytes(4).toString('hex')
  const { status } = await cluster.ask('1.1', 'PUT', '/1', value)
  const { body } = await cluster.ask('1.2', 'GET', '/1')
  if (status !== 200 || body !== value) throw new Error(`the next good request got ${status}, ${JSON.stringify(body)}`)
}

/** The memory of the node once it stands still. */
async function residentMib(cluster: RealCluster): Promise<number> {
  let last = Number.POSITIVE_INFINITY
  for (let look = 0; look < MOST_LOOKS; look++) {
    await sleep(LOOK_MS)
    const { body } = await cluster.ask('1.1', 'GET', '/metrics')
    const now = Number(/^process_resident_memory_bytes (\S+)$/m.exec(body)?.[1]) / MIB
    if (Math.abs(now - last) <= STILL_MIB) return now
    last = now
  }
  return last
}

function add(outcomes: Outcomes, more: Outcomes): void {
  for (const [outcome, count] of more) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count)
}

function told(outcomes: Outcomes): string {
  return [...outcomes].map(([outcome, count]) => `${count} × ${outcome}`).join(', ')
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void endAll().finally(() => process.exit(130)))
}

await run(async () => {
  try {
    return await main()
  } finally {
    await endAll()
  }
})
