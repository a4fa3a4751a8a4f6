/** Puts a path of the exploration into words. */
import { frameNumber } from '../../codec/frame.ts'
import type { Stage } from './actor.ts'
import type { Event, Move, State } from './state.ts'
import type { Writes } from './writes.ts'

export class Story {
  readonly #stage: Stage
  readonly #writes: Writes

  constructor(stage: Stage, writes: Writes) {
    this.#stage = stage
    this.#writes = writes
  }

  /** What a move did: itself, and what clients were told by it. */
  lines(before: State, move: Move, after: State): string[] {
    const told = after.events.slice(before.events.length).filter((event) => 'answered' in event)
    return [this.#move(before, move), ...told.map((event) => this.#answer(event))]
  }

  #move({ links, locals }: State, move: Move): string {
    if (move.kind === 'deliver' || move.kind === 'lose') {
      const write = links[move.from * locals.length + move.to]![move.at]!
      const frames = this.#writes.at(write).map((frame) => `${frameNumber(frame)}`)
      const lost = move.kind === 'lose' ? ' is lost' : ''
      return `${this.#name(move.from)} > ${this.#name(move.to)} ${frames.join(', ')}${lost}`
    }
    if (move.kind === 'submit') {
      const { node, key, value } = this.#stage.tasks[move.task]!
      return `${this.#name(node)} is asked to ${value === null ? `get ${key}` : `put ${key} ${value}`}`
    }
    const words = { boot: 'starts', sync: 'has synced', timer: 'has a timer ring', crash: 'crashes' }
    return `${this.#name(move.node)} ${words[move.kind]}`
  }

  #answer(event: Event): string {
    if (!('answered' in event)) return ''
    const { task, outcome } = event.answered
    const { node } = this.#stage.tasks[task]!
    return `${this.#name(node)} answers task ${task + 1}: ${outcome ? JSON.stringify(outcome) : 'nothing, it died'}`
  }

  #name(index: number): string {
    return this.#stage.cluster.at(index).name
  }
}
