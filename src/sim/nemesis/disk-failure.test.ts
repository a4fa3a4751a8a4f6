/** A disk that fails while its node is paused: once all is undone the node is there again. */
import { expect, it } from 'vitest'
import paxos from '../../../protocols/paxos/index.ts'
import { found } from '../founding.ts'
import { NEMESES } from '../index.ts'
import { setStage } from '../stage.ts'

for (const failure of ['failed-sync', 'disk-error', 'full-disk']) {
  it.each([1, 2, 3, 4])(`after ${failure} of a node that is paused it is there again, seed %i`, (seed) => {
    const stage = setStage({ protocol: paxos, seed, layout: '1x1', durable: true, faults: [failure, 'pause'] })
    const { arena } = stage
    const { world, processes } = arena
    const [process] = processes
    found(stage)
    world.runUntil(world.now + 1000, () => process!.node?.memory !== null)
    const { disk } = process!
    world.runUntil(world.now + 5000, () => disk.marks.appended > disk.marks.synced)
    const mend = NEMESES.get(failure)!.strike(arena)!
    // It has asked for a sync, and does not hear what becomes of it.
    const wake = NEMESES.get('pause')!.strike(arena)!
    world.runUntil(world.now + 5000, () => disk.failed)
    expect([process!.alive, disk.failed]).toEqual([true, true])
    mend()
    wake()
    world.runUntil(world.now + 100)
    expect([process!.alive, process!.paused, disk.failed]).toEqual([true, false, false])
  })
}
