/** Rows of nodes that die, come back, stop for a while, or have too much to do: what the others owe meanwhile. */
import assert from 'node:assert'
import type { NodeId } from '../../src/node-id.ts'
import { demandProgress } from './progress.ts'
import type { Row } from './row.ts'
import { BOUND_MS, Stage } from './stage.ts'

const minority = (size: number) => Math.floor((size - 1) / 2)

/** Without a disk a majority must remember. */
const mayDie = (count: number, size: number, durable: boolean) =>
  count > 0 && count <= (durable ? size : minority(size))

/** Kills so many, the leader first, under load; the others go on as promised, and all do once they are back. */
function kill(name: string, count: (size: number) => number): Row {
  return {
    name: `kill: ${name}`,
    fits: (size, durable) => mayDie(count(size), size, durable),
    play: (setting) => {
      const stage = new Stage(setting)
      stage.load(30)
      for (const id of stage.order().slice(0, count(stage.members.length))) stage.process(id).crash()
      demandProgress(stage)
      stage.recovers()
    },
  }
}

/** Some are restarted again and again, before the others could miss them. */
const restartLoop: Row = {
  name: 'kill: restart loop',
  fits: (size, durable) => mayDie(size === 1 ? 1 : minority(size), size, durable),
  play: (setting) => {
    const stage = new Stage(setting)
    const size = Math.max(1, minority(stage.members.length))
    const [victims, others] = [stage.order().slice(0, size), stage.order().slice(size)]
    const { world } = stage.scenario
    let on = true
    const again = () => {
      if (!on) return
      for (const id of victims) {
        stage.process(id).crash()
        world.after(world.chooser.between(0, 20), () => stage.process(id).alive || stage.process(id).boot())
      }
      world.after(world.chooser.between(30, 700), again)
    }
    again()
    for (let time = 0; time < 4; time++) {
      if (stage.promises(others)) stage.serves(others)
      stage.scenario.run(500)
    }
    on = false
    stage.scenario.run(50)
    stage.recovers()
  },
}

/** Some stop for much longer than an election, and go on with what they believed: what they tell then is not stale. */
function pause(name: string, count: (size: number) => number): Row {
  return {
    name: `pause: ${name}`,
    fits: (size) => count(size) > 0,
    play: (setting) => {
      const stage = new Stage(setting)
      stage.serves(stage.running)
      const paused = stage.order().slice(0, count(stage.members.length))
      const waiting = paused.flatMap(({ name }) => ['a', 'b'].map((key) => stage.scenario.submit(name, key, true)))
      for (const id of paused) stage.process(id).pause()
      demandProgress(stage)
      for (const id of paused) stage.process(id).resume()
      // At once, before they hear of anything that has happened: the history shows whether it was stale.
      for (let time = 0; time < 5; time++) {
        for (const { name } of paused)
          for (const path of stage.paths)
            for (const key of ['a', 'b', 'c']) stage.scenario.submit(name, key, false, path)
        stage.scenario.run(1)
      }
      stage.scenario.until('all answers', () => waiting.every(({ outcome }) => outcome !== undefined), BOUND_MS)
      stage.recovers()
    },
  }
}

/** How many requests a node has open at most, in the row below, and how many it is sent. */
const ROOM = 50
const BURST = 500

/** More than a node has room for: what is too much is refused at once and definitely, and the rest is done. */
const overload: Row = {
  name: 'overload: burst',
  fits: () => true,
  play: (setting) => {
    const stage = new Stage(setting, { maxRequests: ROOM })
    const [first] = stage.order() as [NodeId]
    const burst = Array.from({ length: BURST }, (_, index) => stage.scenario.submit(first.name, `${index % 5}`, true))
    stage.scenario.until('an answer to all', () => burst.every(({ outcome }) => outcome !== undefined), BOUND_MS)
    const served = burst.filter(({ outcome }) => outcome?.ok).length
    const refused = burst.filter(({ outcome }) => outcome?.ok === false && outcome.code === 'overloaded').length
    assert.deepEqual({ served, refused }, { served: ROOM, refused: BURST - ROOM })
    stage.serves(stage.running)
    stage.recovers()
  },
}

/** One node, not the leader, is dead or slow for long, under load; the others do not wait for it. */
function lame(name: string, dies: boolean, strike: (stage: Stage, id: NodeId) => () => void): Row {
  return {
    name: `overload: ${name}`,
    fits: (size, durable) => size > 1 && (!dies || mayDie(1, size, durable)),
    play: (setting) => {
      const stage = new Stage(setting, { maxRequests: ROOM })
      const last = stage.order().at(-1)!
      const others = stage.members.filter((id) => id !== last)
      const end = strike(stage, last)
      stage.scenario.run(1000)
      const pending = stage.load(200)
      stage.scenario.until('an answer to all', () => pending.every(({ outcome }) => outcome !== undefined), BOUND_MS)
      if (stage.promises(others)) stage.serves(others)
      end()
      stage.recovers()
    },
  }
}

/** It runs for a moment now and then; what came up meanwhile has waited for it. */
function slow(stage: Stage, id: NodeId): () => void {
  const { world } = stage.scenario
  let on = true
  const sleep = () => {
    if (!on) return
    stage.process(id).pause()
    world.after(world.chooser.between(200, 1500), wake)
  }
  const wake = () => {
    stage.process(id).resume()
    world.after(1, sleep)
  }
  sleep()
  return () => {
    on = false
  }
}

function dead(stage: Stage, id: NodeId): () => void {
  stage.process(id).crash()
  return () => stage.process(id).boot()
}

export const outages: readonly Row[] = [
  kill('one', () => 1),
  kill('a minority', (size) => (minority(size) > 1 ? minority(size) : 0)),
  kill('a majority', (size) => (size > 1 ? minority(size) + 1 : 0)),
  kill('all', (size) => (size > 1 ? size : 0)),
  restartLoop,
  pause('one', () => 1),
  pause('a minority', (size) => (minority(size) > 1 ? minority(size) : 0)),
  overload,
  lame('slow peer', false, slow),
  lame('dead peer', true, dead),
]
