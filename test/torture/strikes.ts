/** What strikes a cluster while clients work: kill -9 and restarts, processes that stand still, and the fault routes. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { SeededChooser } from '../../src/sim/chooser.ts'
import type { RealCluster } from '../e2e/cluster.ts'
import type { Program } from '../support/processes.ts'

/** Whom a strike kills; `random` draws one of the others each time. */
export const KILLS = ['one', 'minority', 'all', 'leader', 'random'] as const
export type Kill = (typeof KILLS)[number]

/** Long enough for a process to be in the midst of its start or its recovery. */
const START_MS = 900
const LONGEST_PAUSE_MS = 1500
const FAULT_SECONDS = [1, 2] as const

/** See the file's head. */
export class Strikes {
  kills = 0
  faults = 0
  /** Every life of every node, for what it said. */
  readonly lives: { readonly id: string; readonly program: Program }[] = []
  readonly #cluster: RealCluster
  readonly #chooser: SeededChooser
  readonly #flags: readonly string[]
  /** Those that we have killed; another death is the server's own. */
  readonly #killed = new Set<Program>()
  readonly #pauses: Promise<void>[] = []

  constructor(cluster: RealCluster, chooser: SeededChooser, flags: readonly string[]) {
    this.#cluster = cluster
    this.#chooser = chooser
    this.#flags = flags
  }

  start(id: string): void {
    this.lives.push({ id, program: this.#cluster.start(id, ...this.#flags) })
  }

  /** What a server that ended by itself said last, if one did. */
  get ownDeath(): string | null {
    const dead = this.lives.find(({ program }) => !program.running && !this.#killed.has(program))
    return dead ? `${dead.id} ended by itself: ${dead.program.stderr.trimEnd().split('\n').at(-1)}` : null
  }

  /** Kills whom `kill` says, and starts them again, sometimes late, sometimes killing them again while they start. */
  async kill(kill: Kill): Promise<void> {
    const victims = await this.#victims(kill)
    for (let again = true; again; ) {
      for (const id of victims) this.#killed.add(this.#cluster.program(id))
      // All in one go, so that nobody can tell others of it.
      for (const id of victims) this.#cluster.program(id).signal('SIGKILL')
      this.kills += victims.length
      await Promise.all(victims.map((id) => this.#cluster.program(id).ended))
      if (this.#chooser.chance(0.5)) await sleep(this.#chooser.between(0, 500))
      for (const id of victims) {
        this.start(id)
        if (this.#chooser.chance(0.2)) await sleep(this.#chooser.between(0, 300))
      }
      again = this.#chooser.chance(0.35)
      if (again) await sleep(this.#chooser.between(0, START_MS))
    }
  }

  /** Lets one fault begin; it ends by itself. */
  async fault(): Promise<void> {
    this.faults += 1
    const [node, other] = this.#chooser.shuffle(this.#cluster.ids) as [string, string]
    if (this.#chooser.chance(0.4)) {
      this.#pauses.push(this.#pause(this.#cluster.program(node)))
      return
    }
    const seconds = this.#chooser.pick(FAULT_SECONDS)
    const route = this.#chooser.pick([
      `/drop?id=${other}&t=${seconds}`,
      `/slow?id=${other}&ms=${this.#chooser.pick([20, 200, 800])}&t=${seconds}`,
      `/flaky?id=${other}&p=${this.#chooser.pick([0.1, 0.5, 0.9])}&t=${seconds}`,
      `/partition?ids=${node}&t=${seconds}`,
      `/crash?t=${seconds}`,
    ])
    // A dead or stopped node does not take it; that is a fault, too.
    await this.#cluster.ask(node, 'POST', route, undefined, 300).catch(() => {})
  }

  /** Lets all that stand still go on, and ends what the fault routes began. */
  async heal(): Promise<void> {
    await Promise.all(this.#pauses)
    await Promise.all(this.#cluster.alive.map((id) => this.#cluster.ask(id, 'POST', '/heal').catch(() => {})))
  }

  /** Kills all nodes and starts them again. */
  async restartAll(): Promise<void> {
    for (const id of this.#cluster.ids) this.#killed.add(this.#cluster.program(id))
    await Promise.all(this.#cluster.ids.map((id) => this.#cluster.kill(id)))
    for (const id of this.#cluster.ids) this.start(id)
  }

  async #victims(kill: Kill): Promise<string[]> {
    const { ids, alive } = this.#cluster
    switch (kill) {
      case 'all':
        return this.#chooser.shuffle(ids)
      case 'one':
        return [this.#chooser.pick(ids)]
      case 'minority':
        return this.#chooser.shuffle(ids).slice(0, Math.max(1, Math.floor((ids.length - 1) / 2)))
      case 'random':
        return this.#victims(this.#chooser.pick(KILLS.slice(0, -1)))
      case 'leader': {
        const said = await Promise.all(
          alive.map((id) =>
            this.#cluster.state(id).then(
              ({ leader }) => leader,
              () => null,
            ),
          ),
        )
        return [said.find((leader) => leader !== null) ?? this.#chooser.pick(ids)]
      }
    }
  }

  async #pause(program: Program): Promise<void> {
    program.signal('SIGSTOP')
    await sleep(this.#chooser.between(100, LONGEST_PAUSE_MS))
    program.signal('SIGCONT')
  }
}
