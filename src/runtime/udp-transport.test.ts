/** Two nodes over real UDP on the loopback: what arrives, by which way, and what is refused and counted. */
import { createSocket } from 'node:dgram'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../test/support/processes.ts'
import { FRAME_HEADER, seal } from '../codec/frame.ts'
import { Cluster, type NodeId } from '../node-id.ts'
import { FORWARD_NUMBER } from '../node-messages.ts'
import { SILENT } from '../seams.ts'
import { DATAGRAM_HEADER, type DatagramHead, sealDatagram } from './datagram.ts'
import { freePorts } from './free-ports.ts'
import { LONGEST_DATAGRAM_FRAME, UdpTransport } from './udp-transport.ts'

const cluster = new Cluster(['1.1', '1.2', '1.3'])
const [a, b] = cluster.members as [NodeId, NodeId]
const OLD_LIFE = 11
const NEW_LIFE = 12

/** A whole frame of so many bytes that begins with a number. */
function frame(number: number, length = FRAME_HEADER + 1, message = 20): Uint8Array {
  return seal(new Uint8Array(length).fill(number), message)
}

let ports: number[]
let open: UdpTransport[]
let heard: { from: NodeId; frame: Uint8Array }[]
let sender: UdpTransport
let receiver: UdpTransport

async function start(self: NodeId, incarnation: number, receive: (from: NodeId, frame: Uint8Array) => void) {
  const introduction = { cluster: 'c', language: 'l', name: self.name, incarnation, secret: 'known to nodes' }
  const addresses = new Map(
    cluster.members.map(({ name, index }) => [name, { host: '127.0.0.1', port: ports[index]! }]),
  )
  const waits = { connectMs: 1000, backoffMs: 10, backoffMaxMs: 50, peerBytes: 1 << 24, frameBytes: 1 << 24 }
  const overUdp = new Set([a, b])
  const transport = new UdpTransport(
    { cluster, self, introduction, addresses, log: SILENT, overUdp, ...waits },
    receive,
  )
  open.push(transport)
  await transport.listen()
  return transport
}

const connected = (from: UdpTransport, to: NodeId) =>
  until('connected', () => from.connection(to) as { key: Uint8Array })
const numbers = () => heard.map(({ from, frame }) => `${from.name}:${frame.at(-1)}`)
const hears = (count: number) => until(`${count} frames`, () => heard.length >= count)

/** A datagram that says it comes from A; tests change what they want. */
async function forge(
  changed: { head?: Partial<DatagramHead>; key?: Uint8Array; number?: number } = {},
): Promise<Buffer> {
  const { key } = await connected(sender, b)
  const head = { from: a.index, incarnation: OLD_LIFE, sequence: 1000, ...changed.head }
  return sealDatagram(head, changed.key ?? key, [frame(changed.number ?? 99)])
}

async function throwAt(port: number, ...datagrams: Uint8Array[]): Promise<void> {
  const socket = createSocket('udp4')
  for (const datagram of datagrams) {
    await new Promise<void>((resolve, reject) => {
      socket.send(datagram, port, '127.0.0.1', (error) => (error ? reject(error) : resolve()))
    })
  }
  await new Promise<void>((resolve) => socket.close(resolve))
}

beforeEach(async () => {
  ports = await freePorts(3)
  open = []
  heard = []
  sender = await start(a, OLD_LIFE, () => {})
  receiver = await start(b, 21, (from, frame) => heard.push({ from, frame }))
})

afterEach(async () => {
  await Promise.all(open.map((transport) => transport.close()))
})

test('frames arrive whole, packed or alone, and those too long for a datagram by TCP', async () => {
  await connected(sender, b)
  const longest = frame(3, LONGEST_DATAGRAM_FRAME)
  const longer = frame(4, 2 * LONGEST_DATAGRAM_FRAME)
  const small = Array.from({ length: 300 }, (_, i) => frame(i % 200))
  sender.send(b, [frame(1), frame(2), longest, longer])
  await hears(4)
  expect(numbers().sort()).toEqual(['1.1:1', '1.1:2', '1.1:3', '1.1:4'])
  expect(Buffer.compare(heard.find(({ frame }) => frame.at(-1) === 4)!.frame, longer)).toBe(0)
  heard.length = 0
  expect(sender.send(b, small)).toBe(true)
  await hears(300)
  expect(numbers().sort()).toEqual(small.map((one) => `1.1:${one.at(-1)}`).sort())
  expect([receiver.rejected, sender.dropped]).toEqual([0, 0])
})

test('requests that are sent on stay in order, long or short: they all travel by TCP', async () => {
  await connected(sender, b)
  const count = 200
  for (let at = 0; at < count; at++) {
    const request = frame(at, at % 3 === 0 ? 2 * LONGEST_DATAGRAM_FRAME : undefined, FORWARD_NUMBER)
    sender.send(b, at % 2 === 0 ? [frame(255), request] : [request])
  }
  const requests = () => numbers().filter((number) => number !== '1.1:255')
  await until('all requests', () => requests().length >= count)
  expect(requests()).toEqual(Array.from({ length: count }, (_, at) => `1.1:${at}`))
})

test('nodes that take no datagrams are reached by TCP; without a connection nothing leaves', async () => {
  const c = cluster.at(2)
  const third: string[] = []
  expect(sender.send(c, [frame(1)])).toBe(false)
  const other = await start(c, 31, (from, frame) => third.push(`${from.name}:${frame.at(-1)}`))
  await connected(sender, c)
  expect(sender.send(c, [frame(2)])).toBe(true)
  await until('it arrives', () => third.length > 0)
  expect([third, other.rejected]).toEqual([['1.1:2'], 0])
})

test('what certainly did not leave is told, by whichever way it was to go', async () => {
  const [short, long] = [frame(1), frame(2, 2 * LONGEST_DATAGRAM_FRAME)]
  await connected(sender, b)
  expect([sender.send(b, [short]), sender.send(b, [long]), sender.send(b, [short, long])]).toEqual([true, true, true])
  await hears(4)
  await receiver.close()
  await until('the connection is lost', () => sender.connection(b) === null)
  expect([sender.send(b, [short]), sender.send(b, [long]), sender.send(b, [short, long])]).toEqual([
    false,
    false,
    false,
  ])
  await sender.close()
  expect(sender.send(b, [short])).toBe(false)
})

describe('unknown and forged datagrams are dropped and counted', () => {
  test.each<[string, (good: Buffer) => Promise<Uint8Array> | Uint8Array]>([
    ['empty', () => Buffer.alloc(0)],
    ['too short', () => Buffer.alloc(DATAGRAM_HEADER - 1)],
    ['text', () => Buffer.from('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n')],
    ['another key', () => forge({ key: new Uint8Array(32) })],
    ['another incarnation', () => forge({ head: { incarnation: NEW_LIFE } })],
    ['a member that has no connection', () => forge({ head: { from: 2 } })],
    ['no member', () => forge({ head: { from: 9 } })],
    ['itself', () => forge({ head: { from: b.index } })],
    ['one bit of the frames', (good) => good.with(good.length - 1, 98)],
    ['one bit of the number', (good) => good.with(10, good[10]! ^ 1)],
    ['cut', (good) => good.subarray(0, -1)],
    ['longer', (good) => Buffer.concat([good, Buffer.alloc(1)])],
  ])('%s', async (_, make) => {
    const good = await forge()
    await throwAt(ports[1]!, await make(good))
    await until('it is counted', () => receiver.rejected === 1)
    await throwAt(ports[1]!, good)
    await hears(1)
    expect([numbers(), receiver.rejected]).toEqual([['1.1:99'], 1])
  })

  test('a repeated datagram is taken once', async () => {
    const good = await forge()
    await throwAt(ports[1]!, good, good, good)
    await until('two are counted', () => receiver.rejected === 2)
    expect(numbers()).toEqual(['1.1:99'])
  })
})

test('genuine nonsense closes the connection, as over TCP; what follows under its key is refused', async () => {
  const { key } = await connected(sender, b)
  const head = { from: a.index, incarnation: OLD_LIFE, sequence: 1 }
  const nonsense = sealDatagram(head, key, [Uint8Array.of(200, 0, 0, 0, 1, 1, 1)])
  await throwAt(ports[1]!, nonsense, sealDatagram({ ...head, sequence: 2 }, key, [frame(1)]))
  await until('both are counted', () => receiver.rejected === 2)
  await until('they meet again', () => {
    const again = sender.connection(b) as { key: Uint8Array } | null
    return again && !Buffer.from(again.key).equals(key)
  })
  sender.send(b, [frame(2)])
  await hears(1)
  expect(numbers()).toEqual(['1.1:2'])
})

describe('lives are apart', () => {
  test('once the new life is heard, nothing that the old one sent arrives', async () => {
    const old = await forge()
    await sender.close()
    sender = await start(a, NEW_LIFE, () => {})
    await connected(sender, b)
    sender.send(b, [frame(1)])
    await hears(1)
    await throwAt(ports[1]!, old)
    await until('it is counted', () => receiver.rejected >= 1)
    expect(numbers()).toEqual(['1.1:1'])
  })

  test('what was sent to the old life does not reach the new one', async () => {
    const old = await forge()
    const before = sender.connection(b)
    await receiver.close()
    receiver = await start(b, 22, (from, frame) => heard.push({ from, frame }))
    await until('they meet again', () => sender.connection(b) !== before && sender.connection(b) !== null)
    await throwAt(ports[1]!, old)
    await until('it is counted', () => receiver.rejected >= 1)
    expect(numbers()).toEqual([])
  })
})
