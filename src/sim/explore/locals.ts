/**
 * The states that single nodes can be in, and the steps between them. What a node does depends on its own state alone,
 * so each step is executed once, however many states of the cluster it is part of.
 */
import { frameNumber } from '../../codec/frame.ts'
import { SynodError } from '../../errors.ts'
import { PROTOCOL_NUMBERS } from '../../registry.ts'
import type { Process } from '../process.ts'
import { Actor, type Answered, type Input, type Stage } from './actor.ts'
import type { Writes } from './writes.ts'

/** A state of one node. */
export interface Local {
  readonly id: number
  readonly index: number
  /** A process in this state, to look at. */
  readonly process: Process
  readonly waits: Actor['waits']
  /** How this state was first reached; null for a node that was never started. */
  readonly before: Before | null
  /** Another way to it. */
  also: Before | null
  /** What happened that the node remembers where nobody can look: requests and what nodes say among themselves. */
  readonly hidden: number
  /** What has happened since outputs wait for the disk, which is not to be seen either; 0 when none do. */
  readonly unsynced: number
}

/** A state, and what was put to the node then. */
interface Before {
  readonly local: Local
  readonly input: Input
}

/** What a node does when something is put to it. */
export interface Step {
  readonly next: Local
  readonly sent: readonly { readonly to: number; readonly write: number }[]
  readonly answered: readonly Answered[]
}

export class Locals {
  /** How many steps were executed. */
  executed = 0
  readonly #stage: Stage
  readonly #writes: Writes
  readonly #byState = new Map<string, Local>()
  readonly #steps = new Map<string, Step>()
  /** Numbers for texts: equal texts, equal numbers, from 1 on. */
  readonly #numbers = new Map<string, number>()

  constructor(stage: Stage, writes: Writes) {
    this.#stage = stage
    this.#writes = writes
  }

  /** How many states of single nodes are known. */
  get size(): number {
    return this.#byState.size
  }

  /** A node before its first start. */
  first(index: number): Local {
    return this.#intern(new Actor(this.#stage, index), { index, before: null, hidden: 0, unsynced: 0 })
  }

  /** What the node does; `name` tells the input from all others. */
  step(local: Local, name: string, input: Input): Step {
    const key = `${local.id} ${name}`
    let step = this.#steps.get(key)
    if (!step) {
      step = this.#execute(local, local.before, name, input)
      this.#steps.set(key, step)
      // Whichever way it came to this state, the node does the same; or there is more to it than can be seen.
      if (local.also && !same(step, this.#execute(local, local.also, name, input))) {
        const { name: node } = local.process.id
        throw new SynodError(
          'internal',
          `${node} keeps state where it cannot be seen: not in plain fields of its replica`,
        )
      }
    }
    return step
  }

  #execute(local: Local, before: Before | null, name: string, input: Input): Step {
    this.executed += 1
    const actor = new Actor(this.#stage, local.index)
    for (const earlier of inputsOf(before)) actor.put(earlier)
    const old = { sent: actor.sent.length, answered: actor.answered.length }
    actor.put(input)
    const sent = actor.sent.slice(old.sent)
    const answered = actor.answered.slice(old.answered)
    const heard = [
      ...(input.kind === 'submit' ? [name] : []),
      ...(input.kind === 'deliver' ? ownOf(input.frames, `< ${input.from}`) : []),
      ...sent.flatMap(({ frames, to }) => ownOf(frames, `> ${to}`)),
    ].join(' ')
    const next = this.#intern(actor, {
      index: local.index,
      before: { local, input },
      hidden: input.kind === 'crash' ? 0 : heard === '' ? local.hidden : this.#number(`${local.hidden} ${heard}`),
      unsynced: actor.waits === 'sync' ? this.#number(`${local.unsynced || `state ${local.id}`} ${name}`) : 0,
    })
    return { next, sent: sent.map(({ to, frames }) => ({ to, write: this.#writes.number(frames) })), answered }
  }

  #intern(actor: Actor, local: Omit<Local, 'id' | 'process' | 'waits' | 'also'>): Local {
    const state = `${local.index} ${actor.state} ${local.hidden} ${local.unsynced}`
    let known = this.#byState.get(state)
    if (!known) {
      known = { ...local, also: null, id: this.#byState.size, process: actor.process, waits: actor.waits }
      this.#byState.set(state, known)
    } else if (known.before?.local !== local.before?.local) known.also ??= local.before
    return known
  }

  #number(text: string): number {
    let number = this.#numbers.get(text)
    if (number === undefined) this.#numbers.set(text, (number = this.#numbers.size + 1))
    return number
  }
}

/** All inputs that lead to a state, the first one first. */
function inputsOf(last: Before | null): Input[] {
  const inputs: Input[] = []
  for (let before = last; before; before = before.local.before) inputs.push(before.input)
  return inputs.reverse()
}

function same(a: Step, b: Step): boolean {
  return a.next === b.next && JSON.stringify([a.sent, a.answered]) === JSON.stringify([b.sent, b.answered])
}

/** What nodes say among themselves, in a write from or to another one. */
function ownOf(frames: readonly Uint8Array[], way: string): string[] {
  return frames.filter((frame) => frameNumber(frame) < PROTOCOL_NUMBERS).map((frame) => `${way} ${frame.join('.')}`)
}
