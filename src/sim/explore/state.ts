/** A state of the whole cluster, the moves that are possible in it, and where each leads. Plain data, never changed. */
import type { Answered, Input, Stage } from './actor.ts'
import type { Local, Locals } from './locals.ts'
import type { Writes } from './writes.ts'

/** What may still go wrong or happen by itself; without such bounds there would be no end. */
export interface Budget {
  /** Writes lost on the way. */
  readonly losses: number
  /** Nodes killed. */
  readonly crashes: number
  /** Timers that ring. */
  readonly timers: number
}

/** What a client saw: a call, or its answer. */
export type Event = { readonly call: number } | { readonly answered: Answered; readonly text: string }

export interface State {
  readonly locals: readonly Local[]
  /** For each link, `from * n + to`, what is under way, in order; `DEATH` where its sender died. */
  readonly links: readonly (readonly number[])[]
  readonly events: readonly Event[]
  readonly left: Budget
}

/** The write at a place of a link. */
interface Place {
  readonly from: number
  readonly to: number
  readonly at: number
}

export type Move =
  | ({ readonly kind: 'deliver' } & Place)
  | ({ readonly kind: 'lose' } & Place)
  | { readonly kind: 'submit'; readonly task: number }
  | { readonly kind: 'boot'; readonly node: number }
  | { readonly kind: 'sync'; readonly node: number }
  | { readonly kind: 'timer'; readonly node: number }
  | { readonly kind: 'crash'; readonly node: number; readonly kept: number }

/** Behind this, a link carries what a new life of its sender has sent. */
const DEATH = -1

export class Moves {
  readonly #stage: Stage
  readonly #reorder: boolean
  readonly #locals: Locals
  readonly #writes: Writes

  /** @param reorder whether writes of one link overtake each other */
  constructor(stage: Stage, reorder: boolean, locals: Locals, writes: Writes) {
    this.#stage = stage
    this.#reorder = reorder
    this.#locals = locals
    this.#writes = writes
  }

  /** All nodes have just been started. */
  first(left: Budget): State {
    const members = this.#stage.cluster.members
    let state: State = {
      locals: members.map(({ index }) => this.#locals.first(index)),
      links: members.flatMap(() => members.map(() => [])),
      events: [],
      left,
    }
    for (const { index } of members) state = this.#put(state, index, 'boot', { kind: 'boot' })
    return state
  }

  /** Equal for equal states. */
  key({ locals, links, events, left: { losses, crashes, timers } }: State): string {
    const ways = this.#reorder ? links.map((link) => this.#sorted(link)) : links
    const seen = events.map((event) => ('call' in event ? event.call : `${event.answered.task}${event.text}`))
    return `${locals.map(({ id }) => id)};${ways.join('/')};${seen};${losses},${crashes},${timers}`
  }

  /** What can happen next. */
  possible({ locals, links, events, left }: State): Move[] {
    const moves: Move[] = []
    const n = locals.length
    for (const [link, writes] of links.entries()) {
      for (const at of this.#heads(writes)) {
        const way = { from: Math.floor(link / n), to: link % n, at }
        moves.push({ kind: 'deliver', ...way })
        if (left.losses > 0) moves.push({ kind: 'lose', ...way })
      }
    }
    for (const [task, { node }] of this.#stage.tasks.entries()) {
      const called = events.some((event) => 'call' in event && event.call === task)
      if (!called && locals[node]!.process.alive) moves.push({ kind: 'submit', task })
    }
    for (const { index: node, waits, process } of locals) {
      if (!process.alive) moves.push({ kind: 'boot', node })
      else if (waits === 'sync') moves.push({ kind: 'sync', node })
      else if (waits === 'timer' && left.timers > 0) moves.push({ kind: 'timer', node })
      if (!process.alive || left.crashes === 0) continue
      const { appended, synced } = process.disk.marks
      const most = process.disk.durable ? appended - synced : 0
      for (let kept = 0; kept <= most; kept++) moves.push({ kind: 'crash', node, kept })
    }
    return moves
  }

  /** The member number of the node that a move lets do something; null where there is none. */
  nodeOf(move: Move): number | null {
    if (move.kind === 'lose') return null
    if (move.kind === 'deliver') return move.to
    return move.kind === 'submit' ? this.#stage.tasks[move.task]!.node : move.node
  }

  /** Makes a move. */
  take(state: State, move: Move): State {
    const { left } = state
    if (move.kind === 'lose') {
      const links = this.#without(state, move)
      return { ...state, links, left: { ...left, losses: left.losses - 1 } }
    }
    if (move.kind === 'deliver') {
      const { from, to } = move
      const number = state.links[from * state.locals.length + to]![move.at]!
      const frames = this.#writes.at(number)
      const links = this.#without(state, move)
      return this.#put({ ...state, links }, to, `${from} ${number}`, { kind: 'deliver', from, frames })
    }
    if (move.kind === 'submit') {
      const { node } = this.#stage.tasks[move.task]!
      const events = [...state.events, { call: move.task }]
      const input = { kind: 'submit', task: move.task } as const
      return this.#put({ ...state, events }, node, `submit ${move.task}`, input)
    }
    if (move.kind === 'crash') {
      const { node, kept } = move
      const links = this.#bereave(state, node)
      const dying = { ...state, links, left: { ...left, crashes: left.crashes - 1 } }
      return this.#put(dying, node, `crash ${kept}`, { kind: 'crash', kept })
    }
    const { node } = move
    if (move.kind === 'boot') return this.#put(state, node, 'boot', { kind: 'boot' })
    const timers = left.timers - (move.kind === 'timer' ? 1 : 0)
    return this.#put({ ...state, left: { ...left, timers } }, node, 'tick', { kind: 'tick' })
  }

  /** Puts something to one node; what it sends is under way, and what it answers its clients have seen. */
  #put(state: State, node: number, name: string, input: Input): State {
    const { next, sent, answered } = this.#locals.step(state.locals[node]!, name, input)
    const n = state.locals.length
    const links = sent.length > 0 ? [...state.links] : state.links
    for (const { to, write } of sent) {
      // What is sent to a dead node reaches no life of it.
      if (state.locals[to]!.process.alive)
        (links as (readonly number[])[])[node * n + to] = [...links[node * n + to]!, write]
    }
    const events =
      answered.length > 0
        ? [...state.events, ...answered.map((answer) => ({ answered: answer, text: textOf(answer) }))]
        : state.events
    return { ...state, locals: state.locals.with(node, next), links, events }
  }

  /** Which writes of a link may come next. */
  #heads(link: readonly number[]): number[] {
    if (link.length === 0) return []
    if (!this.#reorder) return [0]
    return [...link.keys()].filter((at) => link[at] !== DEATH && link.indexOf(link[at]!) === at)
  }

  /** The links without a write that has arrived or is lost. */
  #without({ links, locals }: State, { kind, from, to, at }: Place & { kind: 'deliver' | 'lose' }): State['links'] {
    const way = from * locals.length + to
    const link = links[way]!
    const death = link.lastIndexOf(DEATH, at)
    // Once a new life was heard, nothing of an earlier one arrives.
    const rest = kind === 'deliver' && death >= 0 ? link.slice(death + 1) : link
    const place = rest === link ? at : at - death - 1
    return links.with(way, trimmed([...rest.slice(0, place), ...rest.slice(place + 1)]))
  }

  /** What was under way to a node that dies is lost; what is under way from it may still arrive. */
  #bereave({ links, locals }: State, node: number): State['links'] {
    const n = locals.length
    return links.map((link, way) => {
      if (way % n === node) return []
      return Math.floor(way / n) === node ? trimmed([...link, DEATH]) : link
    })
  }

  /** A link where order does not matter, within one life of its sender. */
  #sorted(link: readonly number[]): string {
    const lives: number[][] = [[]]
    for (const write of link) {
      if (write === DEATH) lives.push([])
      else lives.at(-1)!.push(write)
    }
    return lives.map((writes) => writes.sort((a, b) => a - b)).join('|')
  }
}

/** A link that begins with something under way. */
function trimmed(link: readonly number[]): readonly number[] {
  const start = link.findIndex((write) => write !== DEATH)
  return start === 0 ? link : start < 0 ? [] : link.slice(start)
}

function textOf({ outcome }: Answered): string {
  if (!outcome) return 'dead'
  if (!outcome.ok) return `${outcome.code}`
  return `=${outcome.result.value?.join('.') ?? 'none'}v${outcome.result.version}`
}
