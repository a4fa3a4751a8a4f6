/** How connections between nodes come about on the loopback. */
import { afterEach, test } from 'vitest'
import { until } from '../../test/support/processes.ts'
import { Cluster, type NodeId } from '../node-id.ts'
import { SILENT } from '../seams.ts'
import { freePorts } from './free-ports.ts'
import { TcpTransport } from './tcp-transport.ts'

const cluster = new Cluster(['1.1', '1.2'])
const [a, b] = cluster.members as [NodeId, NodeId]
/** Longer than any test. */
const BACKOFF_MS = 600_000

let open: TcpTransport[] = []

async function start(self: NodeId, ports: readonly number[]): Promise<TcpTransport> {
  const introduction = { cluster: 'c', language: 'l', name: self.name, incarnation: 1, secret: 'known to nodes' }
  const addresses = new Map(
    cluster.members.map(({ name, index }) => [name, { host: '127.0.0.1', port: ports[index]! }]),
  )
  const waits = { connectMs: 1000, backoffMs: BACKOFF_MS, backoffMaxMs: BACKOFF_MS }
  const bounds = { peerBytes: 1 << 24, frameBytes: 1 << 24 }
  const transport = new TcpTransport(
    { cluster, self, introduction, addresses, log: SILENT, ...waits, ...bounds },
    () => {},
  )
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
