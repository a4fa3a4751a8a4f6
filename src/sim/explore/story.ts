/** Puts a path of the exploration into words. */
import { Format } from '../format.ts'
import { read, type Vocabulary, vocabularyOf } from '../vocabulary.ts'
import type { Stage } from './actor.ts'
import type { Event, Move, State } from './state.ts'
import type { Writes } from './writes.ts'

export class Story {
  readonly #stage: Stage
  readonly #writes: Writes
  readonly #vocabulary: Vocabulary
  readonly #format: Format

  constructor(stage: Stage, writes: Writes) {
    this.#stage = stage
    this.#writes = writes
    this.#vocabulary = vocabularyOf(stage.protocol, stage.cluster, stage.options)
    this.#format = new Format(stage.cluster)
  }

  /** What a move did: itself, and what clients were told by it. */
  lines(before: State, move: Move, after: State): string[] {
    const told = after.events.slice(before.events.length).filter((event) => 'answered' in event)
    return [this.#move(before, move), ...told.map((event) => this.#answer(event))]
  }

  #move({ links, locals }: State, move: Move): string {
    if (move.kind === 'deliver' || move.kind === 'lose') {
      const write = links[move.from * locals.length + move.to]![move.at]!
      const frames = this.#writes.at(write).map((frame) => this.#message(frame))
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

  #message(frame: Uint8Array): string {
    // Nodes of the exploration never send what their protocol has not registered.
    const { type, message } = read(frame, this.#vocabulary)!
    return `${type.name} ${this.#format.fields(message)}`.trimEnd()
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
