/** The simulator itself: it repeats, its faults strike, and a broken protocol does not get through. */
import { describe, expect, it } from 'vitest'
import paxos from '../../protocols/paxos/index.ts'
import { toy } from '../../test/support/toy.ts'
import type { Node, Protocol, Request } from '../index.ts'
import { Cluster } from '../node-id.ts'
import { Disk } from './disk.ts'
import { LAYOUTS, NEMESES, run, SeededChooser } from './index.ts'
import { CALM, type Endpoint, Network } from './network.ts'
import { World } from './world.ts'

describe('a seed', () => {
  it('gives the same run twice, and another seed another run', () => {
    const hashes = new Set<number>()
    for (let seed = 1; seed <= 6; seed++) {
      const first = run({ protocol: paxos, seed })
      expect(run({ protocol: paxos, seed })).toEqual(first)
      hashes.add(first.hash)
    }
    expect(hashes.size).toBe(6)
  })

  it('gives the same run whether or not it is traced', () => {
    const events: string[] = []
    const line = (event: string) => {
      events.push(event)
    }
    const logOf = () => ({ debug: line, info: line, warn: line, error: line })
    const options = { protocol: paxos, seed: 3, layout: '1x3', durable: true }
    expect(run({ ...options, logOf }).hash).toBe(run(options).hash)
    expect(events).toContain('lead')
  })

  it('keeps to the layout, the storage and the faults asked for', () => {
    for (const layout of Object.keys(LAYOUTS)) {
      const report = run({ protocol: paxos, seed: 7, layout, durable: false, faults: ['pause', 'drop'] })
      expect([report.layout, report.durable]).toEqual([layout, false])
      expect(Object.keys(report.faults).every((name) => name === 'pause' || name === 'drop')).toBe(true)
    }
  })
})

describe('a sweep', () => {
  it('strikes with every fault, changes leaders in half the runs, and acknowledges enough', () => {
    const struck = new Set<string>()
    let changed = 0
    const seeds = 120
    for (let seed = 1; seed <= seeds; seed++) {
      const report = run({ protocol: paxos, seed })
      expect([seed, report.violation, report.invalid]).toEqual([seed, null, null])
      for (const name of Object.keys(report.faults)) struck.add(name)
      if (report.leaderChanges > 0) changed += 1
    }
    expect([...NEMESES.keys()].filter((name) => !struck.has(name))).toEqual([])
    expect(changed).toBeGreaterThanOrEqual(seeds / 2)
  }, 300_000)
})

describe('a broken protocol', () => {
  const violated = (protocol: Protocol) => run({ protocol, seed: 1, layout: '1x3', faults: [] }).violation?.invariant

  it('that never answers violates liveness', () => {
    expect(violated(toy(() => ({ onRequest: () => {} })))).toBe('liveness')
  })

  it('that refuses everything violates liveness', () => {
    const protocol = toy((node) => ({ onRequest: (request) => node.refuse(request, 'unavailable', 'no') }))
    expect(violated(protocol)).toBe('liveness')
  })

  it('that does not replicate has two states after the same prefix', () => {
    const serve = (node: Node) => (request: Request) => node.reply(request, node.execute(request.command), null)
    expect(violated(toy((node) => ({ onRequest: serve(node) })))).toBe('same state')
  })

  it('that acknowledges writes and forgets them is not linearizable', () => {
    const result = { value: null, version: 0, effect: 'done' as const }
    const protocol = toy((node) => ({
      onRequest: (request) => {
        request.take()
        node.reply(request, result, null)
      },
    }))
    expect(violated(protocol)).toBe('linearizable')
  })

  it('that throws is a defect', () => {
    const protocol = toy(() => ({
      onRequest: () => {
        throw new Error('broken')
      },
    }))
    expect(violated(protocol)).toBe('no defect')
  })
})

describe('the network', () => {
  const [a, b] = new Cluster(['1.1', '1.2']).members as [Endpoint['id'], Endpoint['id']]

  function link() {
    const world = new World(new SeededChooser(1))
    const network = new Network(world)
    const arrived: number[] = []
    const receive = (_: unknown, frame: Uint8Array) => void arrived.push(frame[0]!)
    const endpoint = { id: b, life: 1, alive: true, receive, lost: () => {} }
    network.attach(endpoint)
    const sendAll = () => {
      for (let i = 0; i < 100; i++) world.at(i / 100, () => network.send(a, b, [Uint8Array.of(i)]))
      world.runUntil(10_000)
    }
    return { world, network, arrived, endpoint, sendAll }
  }

  const inOrder = Array.from({ length: 100 }, (_, i) => i)

  it('is in order and loses nothing when it is calm, and carries copies', () => {
    const { arrived, sendAll } = link()
    sendAll()
    expect(arrived).toEqual(inOrder)
  })

  it('keeps the order under delays, and breaks it under reordering', () => {
    const calm = link()
    calm.network.weather = { ...CALM, mostDelay: 100, tail: 0.1 }
    calm.sendAll()
    expect(calm.arrived).toEqual(inOrder)
    const wild = link()
    wild.network.weather = { ...CALM, mostDelay: 100, reorder: 1 }
    wild.sendAll()
    expect(wild.arrived).not.toEqual(inOrder)
    expect([...wild.arrived].sort((x, y) => x - y)).toEqual(inOrder)
  })

  it('drops, repeats and cuts when told to', () => {
    const dropping = link()
    dropping.network.weather = { ...CALM, drop: 0.5 }
    dropping.sendAll()
    expect(dropping.arrived.length).toBeGreaterThan(20)
    expect(dropping.arrived.length).toBe(100 - dropping.network.lost)
    const repeating = link()
    repeating.network.weather = { ...CALM, duplicate: 1 }
    repeating.sendAll()
    expect(repeating.arrived.length).toBe(200)
    const severed = link()
    severed.network.cut(a, b)
    severed.sendAll()
    expect(severed.arrived).toEqual([])
  })

  it('lifts each fault alone: a cut under a cut stays, and so does the worse weather', () => {
    const { network } = link()
    const first = network.cut(a, b)
    const second = network.cut(a, b)
    first()
    first()
    expect([network.isCut(a, b), network.isCut(b, a)]).toEqual([true, false])
    second()
    expect(network.isCut(a, b)).toBe(false)
    const storm = network.worsen({ drop: 0.3, mostDelay: 50 })
    const breeze = network.worsen({ drop: 0.1 })
    expect(network.weather).toEqual({ ...CALM, drop: 0.3, mostDelay: 50 })
    storm()
    expect(network.weather).toEqual({ ...CALM, drop: 0.1 })
    breeze()
    expect(network.weather).toEqual(CALM)
  })

  it('forgets cuts that were healed as a whole', () => {
    const { network } = link()
    const mend = network.cut(a, b)
    network.heal()
    network.cut(a, b)
    mend()
    expect(network.isCut(a, b)).toBe(true)
  })

  it('loses what is under way to a node that restarts', () => {
    const { world, network, arrived, endpoint } = link()
    network.send(a, b, [Uint8Array.of(1)])
    endpoint.life = 2
    network.send(a, b, [Uint8Array.of(2)])
    world.runUntil(10)
    expect(arrived).toEqual([2])
  })
})

describe('the disk', () => {
  it('keeps what was synced, and of the rest any prefix', () => {
    const lengths = new Set<number>()
    for (let seed = 1; seed <= 60; seed++) {
      const world = new World(new SeededChooser(seed))
      const disk = new Disk(world, true)
      const storage = disk.mount()
      const append = (number: number) => storage.append({ number, payload: new Uint8Array(0) })
      for (let i = 0; i < 3; i++) append(i)
      let synced = false
      const failed = () => expect.unreachable('this disk does not fail')
      storage.sync(() => {
        synced = true
      }, failed)
      world.runUntil(5)
      for (let i = 3; i < 6; i++) append(i)
      disk.crash()
      const survived = [...disk.mount().recover([])].map(({ number }) => number)
      expect(synced).toBe(true)
      expect(survived).toEqual([0, 1, 2, 3, 4, 5].slice(0, survived.length))
      lengths.add(survived.length)
    }
    expect([...lengths].sort()).toEqual([3, 4, 5, 6])
  })

  it('puts a checkpoint in the place of what was appended before it, whole or not at all', () => {
    const outcomes = new Set<string>()
    for (let passed = 0; passed <= 4; passed += 0.5) {
      const world = new World(new SeededChooser(1))
      const disk = new Disk(world, true)
      const storage = disk.mount()
      const append = (number: number) => storage.append({ number, payload: new Uint8Array(0) })
      for (let i = 0; i < 400; i++) append(i)
      expect(storage.checkpointDue).toBe(true)
      storage.sync(
        () => {},
        () => {},
      )
      world.runUntil(5)
      const records = Array.from({ length: 20 }, (_, index) => ({ number: 1000 + index, payload: new Uint8Array(0) }))
      storage.checkpoint(
        records.values(),
        () => {},
        () => {},
      )
      expect(storage.checkpointDue).toBe(false)
      append(400)
      storage.sync(
        () => {},
        () => {},
      )
      world.runUntil(world.now + passed)
      const { appended, synced } = disk.marks
      expect([appended, synced >= 400]).toEqual([401, true])
      disk.crash()
      const survived = [...disk.mount().recover([])].map(({ number }) => number)
      expect(survived.includes(400) || synced === 400).toBe(true)
      const [first] = survived
      outcomes.add(first === 0 ? 'log' : 'checkpoint')
      const expected = first === 0 ? Array.from({ length: 400 }, (_, i) => i) : records.map(({ number }) => number)
      expect(survived.filter((number) => number !== 400)).toEqual(expected)
    }
    expect(outcomes.size).toBe(2)
  })

  it('forgets everything without durability, and gets another incarnation', () => {
    const disk = new Disk(new World(new SeededChooser(1)), false)
    const before = disk.mount().incarnation
    disk.crash()
    expect(disk.mount().incarnation).not.toBe(before)
  })
})
