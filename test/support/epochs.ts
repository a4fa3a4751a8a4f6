/** Clusters on disks whose nodes count epochs: they work, die, and come back with one disk or another. */
import { expect } from 'vitest'
import type { NodeOptions } from '../../src/node-parts.ts'
import type { Bench } from './bench.ts'
import { HandDisk } from './hand-disk.ts'
import { Noted } from './probe.ts'
import { Wired } from './wired.ts'

export const NAMES = ['1.1', '1.2', '1.3']
export const EPOCH_MS = 1000
/** How long a node waits for all; a majority is enough then. */
export const COMPARE_MS = 1000
export const node = { epochMs: EPOCH_MS, compareMs: COMPARE_MS }

/** Lets time pass, with all syncs. */
export function pass(wired: Wired, ms: number): void {
  for (let passed = 0; passed < ms; passed += 50) {
    wired.clock.pass(50)
    wired.finish()
  }
}

/** A cluster that has started, on disks. */
export function running(names: readonly string[] = NAMES, options = node): Wired {
  const wired = new Wired(names, { durable: true, node: options })
  for (const { node, probe } of wired.benches) node.start(probe)
  wired.finish()
  expect(wired.benches.map(({ node }) => node.memory)).toEqual(names.map(() => 'blank'))
  return wired
}

/** Records something at a member, and lets an epoch pass. */
export function work(wired: Wired, index: number, ms = EPOCH_MS): void {
  const { node } = wired.benches[index]!
  node.setTimer(0, () => node.persist(Noted, { n: 7 }))
  pass(wired, ms)
}

/** What is safe on a member's disk. */
export function imageOf({ disk }: Bench): HandDisk {
  const image = new HandDisk(true, disk.incarnation)
  image.records.push(...disk.records.slice(0, disk.synced))
  image.synced = image.records.length
  return image
}

/** Ends a member's process, with what was not synced. */
export function kill(wired: Wired, index: number): void {
  const { node, disk } = wired.benches[index]!
  node.stop()
  disk.crash()
}

/** Starts a member that is dead, on its disk or on another. */
export function start(
  wired: Wired,
  index: number,
  disk = wired.benches[index]!.disk,
  options: Partial<NodeOptions> = node,
): Bench {
  const bench = wired.make(wired.cluster.at(index).name, { disk, seed: 90 + index, node: options })
  wired.benches[index] = bench
  bench.node.start(bench.probe)
  return bench
}

export const restart = (wired: Wired, index: number, disk?: HandDisk) => {
  kill(wired, index)
  return start(wired, index, disk)
}

/** Only these members reach each other. */
export const only = (wired: Wired, ...members: readonly number[]) => {
  wired.times = ({ to }, from) => (members.includes(to.index) && members.includes(from.node.id.index) ? 1 : 0)
}

/** Five members, of which the first takes part on an older image of its disk: those who know better are not there. */
export function deceived(): { wired: Wired; stale: Bench } {
  const wired = running(['1.1', '1.2', '1.3', '1.4', '1.5'])
  const image = imageOf(wired.benches[0]!)
  only(wired, 0, 3, 4)
  for (let epochs = 0; epochs < 4; epochs++) work(wired, 0)
  only(wired, 0, 1, 2)
  const stale = restart(wired, 0, image)
  pass(wired, COMPARE_MS + 100)
  expect([stale.node.memory, stale.failures]).toEqual(['kept', []])
  return { wired, stale }
}
