/** Who listens learns that a connection has ended: once, behind what came by it, and never of one that it has not heard. */
import { expect, it } from 'vitest'
import { Cluster } from '../node-id.ts'
import { SeededChooser } from './chooser.ts'
import { type Endpoint, Network } from './network.ts'
import { World } from './world.ts'

const [a, b] = new Cluster(['1.1', '1.2']).members as [Endpoint['id'], Endpoint['id']]

/** Two nodes, of which the second notes what it receives, and the ends that it learns of. */
function pair() {
  const world = new World(new SeededChooser(1))
  const network = new Network(world)
  const noted: string[] = []
  const receive = (_: unknown, frame: Uint8Array) => void noted.push(String(frame[0]))
  const sender = { id: a, life: 1, alive: true, receive: () => {}, lost: () => {} }
  const listener = {
    id: b,
    life: 1,
    alive: true,
    receive,
    lost: ({ name }: Endpoint['id']) => void noted.push(`lost ${name}`),
  }
  network.attach(sender)
  network.attach(listener)
  const say = (byte: number) => network.send(a, b, [Uint8Array.of(byte)])
  const die = () => network.hangUp(a, sender.life++)
  const settle = () => world.runUntil(world.now + 100)
  return { network, noted, sender, listener, say, die, settle }
}

it('the death of a sender is learnt behind all that it has sent', () => {
  const { noted, say, die, settle } = pair()
  for (let i = 0; i < 5; i++) say(i)
  die()
  settle()
  expect(noted).toEqual(['0', '1', '2', '3', '4', 'lost 1.1'])
})

it('who has heard nothing by a connection does not learn that it has ended, nor does another life of the listener', () => {
  const silent = pair()
  silent.die()
  silent.settle()
  expect(silent.noted).toEqual([])
  const restarted = pair()
  restarted.say(1)
  restarted.settle()
  restarted.listener.life += 1
  restarted.die()
  restarted.settle()
  expect(restarted.noted).toEqual(['1'])
})

it('behind a cut it is learnt from the first word of the next life', () => {
  const { network, noted, say, die, settle } = pair()
  say(1)
  settle()
  const mend = network.cut(a, b)
  die()
  settle()
  expect(noted).toEqual(['1'])
  mend()
  say(2)
  settle()
  expect(noted).toEqual(['1', 'lost 1.1', '2'])
  die()
  settle()
  expect(noted).toEqual(['1', 'lost 1.1', '2', 'lost 1.1'])
})

it('a reset loses what is under way, and what is sent later goes by another connection', () => {
  const { network, noted, say, settle } = pair()
  say(1)
  settle()
  say(2)
  network.reset(a, b)
  say(3)
  settle()
  expect(noted).toEqual(['1', 'lost 1.1', '3'])
  expect(network.lost).toBe(1)
})
