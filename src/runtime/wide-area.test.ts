/** Distance between nodes, with a clock turned by hand: half the round trip, in order, as many as there are. */
import { expect, test } from 'vitest'
import { HandClock } from '../../test/support/hand-clock.ts'
import { Cluster, type NodeId } from '../node-id.ts'
import { WideArea } from './wide-area.ts'

const cluster = new Cluster(['1.1', '1.2', '2.1', '3.1'])
const [self, near, far, farther] = cluster.members as [NodeId, NodeId, NodeId, NodeId]

function create() {
  const clock = new HandClock()
  const heard: string[] = []
  const said: string[] = []
  const connection = {}
  const inner = {
    send: (to: NodeId, frames: readonly Uint8Array[]) => said.push(`${to.name} x${frames.length}`) > 0,
    reject: (from: NodeId, reason: string) => void said.push(`reject ${from.name} ${reason}`),
    connection: () => connection,
  }
  const ways = new Map([
    [near, 0.4],
    [far, 40],
    [farther, 75],
  ])
  const wideArea = new WideArea(inner, { oneWayMs: (from) => ways.get(from)!, clock, peerBytes: 1000 })
  const receive = wideArea.filter((from, [number]) => heard.push(`${from.name}:${number} at ${clock.time - 1000}`))
  return { clock, heard, said, connection, wideArea, receive }
}

test('each frame is late by the way from its sender; what is sent leaves at once', () => {
  const { clock, heard, said, connection, wideArea, receive } = create()
  receive(far, Uint8Array.of(1))
  receive(farther, Uint8Array.of(2))
  receive(near, Uint8Array.of(3))
  expect(wideArea.send(far, [Uint8Array.of(4)])).toBe(true)
  expect([heard, said]).toEqual([['1.2:3 at 0'], ['2.1 x1']])
  expect(wideArea.connection(far)).toBe(connection)
  clock.pass(100)
  expect(heard).toEqual(['1.2:3 at 0', '2.1:1 at 40', '3.1:2 at 75'])
})

test('frames keep their order, and many are on their way at once', () => {
  const { clock, heard, receive } = create()
  for (let number = 0; number < 100; number++) {
    receive(far, Uint8Array.of(number))
    clock.pass(1)
  }
  expect(heard.length).toBe(61)
  clock.pass(40)
  expect(heard).toEqual(Array.from({ length: 100 }, (_, number) => `2.1:${number} at ${number + 40}`))
})

test('after bytes that are no message nothing more of that peer is heard; a closed one rings no more', () => {
  const { clock, heard, said, wideArea, receive } = create()
  receive(far, Uint8Array.of(1))
  receive(farther, Uint8Array.of(2))
  wideArea.reject(far, 'nonsense')
  clock.pass(100)
  expect([heard, said]).toEqual([['3.1:2 at 75'], ['reject 2.1 nonsense']])
  receive(far, Uint8Array.of(3))
  wideArea.close()
  expect([clock.alarms, self.name]).toEqual([0, '1.1'])
})
