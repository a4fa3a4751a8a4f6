/** How connections between nodes come about on the loopback. */
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { until } from '../../test/support/processes.ts'
import { Cluster, type NodeId } from '../node-id.ts'
import { type Log, SILENT } from '../seams.ts'
import { freePorts } from './free-ports.ts'
import { TcpTransport } from './tcp-transport.ts'

const cluster = new Cluster(['1.1', '1.2'])
const [a, b] = cluster.members as [NodeId, NodeId]
/** Longer than any test. */
const BACKOFF_MS = 600_000

let open: TcpTransport[] = []

/** How a node differs from the one that most of these tests start. */
interface Otherness {
  readonly log?: Log
  readonly language?: string
  readonly backoffMs?: number
}

async function start(self: NodeId, ports: readonly number[], other: Otherness = {}): Promise<TcpTransport> {
  const { log = SILENT, language = 'l', backoffMs = BACKOFF_MS } = other
  const introduction = { cluster: 'c', language, name: self.name, incarnation: 1, secret: 'known to nodes' }
  const addresses = new Map(
    cluster.members.map(({ name, index }) => [name, { host: '127.0.0.1', port: ports[index]! }]),
  )
  const waits = { connectMs: 1000, backoffMs, backoffMaxMs: backoffMs }
  const bounds = { peerBytes: 1 << 24, frameBytes: 1 << 24 }
  const transport = new TcpTransport({ cluster, self, introduction, addresses, log, ...waits, ...bounds }, () => {})
  open.push(transport)
  await transport.listen()
  return transport
}

afterEach(async () => {
  await Promise.all(open.map((transport) => transport.close()))
  open = []
})

test('who was not there is dialled as soon as it dials, however long the pause is', async () => {
  const ports = await freePorts(2)
  for (let life = 1; life <= 2; life++) {
    const first = open[0] ?? (await start(a, ports))
    const second = await start(b, ports)
    await until('both directions', () => first.connection(b) && second.connection(a))
    await second.close()
    await until('its end is noticed', () => !first.connection(b))
  }
})

test('why who calls itself a member is turned away is a warning once a while, and so is that of all strangers', async () => {
  const ports = await freePorts(2)
  const logged: string[] = []
  const note = (level: string) => (event: string, fields?: object) =>
    void logged.push(`${level} ${event} ${JSON.stringify(fields)}`)
  const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
  const first = await start(a, ports, { log })
  await start(b, ports, { language: 'another', backoffMs: 1 })
  await until('it is turned away again and again', () => first.rejected > 2)
  const fields =
    '{"from":"127.0.0.1","reason":"who calls itself \\"1.2\\": it runs another protocol, or another build of it, or has other limits.body_bytes"}'
  expect(logged.slice(0, 2)).toEqual([`warn connection refused ${fields}`, `debug connection refused ${fields}`])
  for (const length of [1, 2, 3]) {
    const before = first.rejected
    const socket = connect(ports[0]!, '127.0.0.1')
    const header = Buffer.alloc(4)
    header.writeUInt32LE(2 ** 24 + length)
    socket.on('error', () => {}).write(header)
    await until('it is counted', () => first.rejected > before)
    socket.destroy()
  }
  const warned = logged.filter((line) => line.startsWith('warn'))
  expect(warned).toHaveLength(2)
  expect(warned[1]).toContain('is over 1024')
})
