/** Rows of restarts from a node's own log: what was executed and synced is there before anybody else is asked. */
import assert from 'node:assert'
import type { NodeId } from '../../src/node-id.ts'
import type { Row } from './row.ts'
import { Stage } from './stage.ts'

/** Long enough for all that was proposed to be executed everywhere and to be on disk. */
const QUIET_MS = 2000

function quiet(stage: Stage): void {
  stage.load(60)
  stage.scenario.until('quiet', () => stage.scenario.clients.pending === 0)
  stage.scenario.run(QUIET_MS)
}

/** Starts nodes that hear nobody, so that they have their own logs alone. */
function bootAlone(stage: Stage, nodes: readonly NodeId[]): void {
  stage.keep((from, to) => !nodes.includes(from) && !nodes.includes(to))
  for (const id of nodes) stage.process(id).boot()
  const remembers = (id: NodeId) => stage.process(id).node?.memory === 'kept'
  stage.scenario.until('recovery', () => nodes.every(remembers))
}

const oneByOne: Row = {
  name: 'restart: each in turn, after load',
  fits: (_, durable) => durable,
  play: (setting) => {
    const stage = new Stage(setting)
    for (const id of stage.members) {
      quiet(stage)
      const before = stage.state(id)
      stage.process(id).crash()
      bootAlone(stage, [id])
      assert.equal(stage.state(id), before, `${id.name} recovers what it had`)
      stage.heal()
    }
    stage.recovers()
  },
}

const allAtOnce: Row = {
  name: 'restart: all at once, after load',
  fits: (_, durable) => durable,
  play: (setting) => {
    const stage = new Stage(setting)
    quiet(stage)
    const before = stage.members.map((id) => stage.state(id))
    for (const process of stage.processes) process.crash()
    bootAlone(stage, stage.members)
    assert.deepEqual(
      stage.members.map((id) => stage.state(id)),
      before,
      'each recovers what it had',
    )
    stage.recovers()
  },
}

/**
 * Of each node: how far it had executed, or had noted that it had where that need not be at once, when so many records
 * were written, so long as they are not all on disk.
 */
class Marks {
  readonly #marks = new Map<NodeId, { records: number; executed: number }[]>()
  readonly #stage: Stage

  constructor(stage: Stage) {
    this.#stage = stage
    stage.scenario.watch = () => this.#look()
  }

  /** What this node must have executed after a crash now. */
  safe(id: NodeId): number {
    const { synced } = this.#stage.process(id).disk.marks
    const marks = this.#marks.get(id) ?? []
    return Math.max(0, ...marks.filter(({ records }) => records <= synced).map(({ executed }) => executed))
  }

  /** Records of a life that has ended may be lost, and their numbers are given again. */
  forget(id: NodeId): void {
    this.#marks.delete(id)
  }

  #look(): void {
    for (const { id, replica, disk } of this.#stage.processes) {
      if (!replica) continue
      const { recorded: executed = replica.status().executed } = replica as { recorded?: number }
      if (executed === null) continue
      let marks = this.#marks.get(id)
      if (!marks) this.#marks.set(id, (marks = []))
      if (marks.at(-1)?.executed !== executed) marks.push({ records: disk.marks.appended, executed })
      while (marks.length > 1 && marks[1]!.records <= disk.marks.synced) marks.shift()
    }
  }
}

function amidLoad(name: string, victims: (stage: Stage, time: number) => readonly NodeId[]): Row {
  return {
    name: `restart: ${name}, amid load`,
    fits: (_, durable) => durable,
    play: (setting) => {
      const stage = new Stage(setting)
      const marks = new Marks(stage)
      for (let time = 0; time < Math.max(3, stage.members.length); time++) {
        stage.load(20)
        const killed = victims(stage, time)
        const executed = (id: NodeId) => stage.process(id).replica!.status().executed ?? 0
        const bounds = killed.map((id) => ({ id, least: marks.safe(id), most: executed(id) }))
        for (const id of killed) stage.process(id).crash()
        for (const id of killed) marks.forget(id)
        bootAlone(stage, killed)
        for (const { id, least, most } of bounds) {
          const now = executed(id)
          assert(now >= least, `${id.name} had executed ${least} on disk, and recovers ${now}`)
          assert(now <= most, `${id.name} had executed ${most}, and recovers ${now}`)
        }
        stage.heal()
        stage.scenario.run(time * 300)
      }
      stage.recovers()
    },
  }
}

export const restarts: readonly Row[] = [
  oneByOne,
  allAtOnce,
  amidLoad('each in turn', (stage, time) => [stage.members[time % stage.members.length]!]),
  amidLoad('all at once', (stage) => stage.members),
]
