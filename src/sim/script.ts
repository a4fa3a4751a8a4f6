/**
 * Scripts: all choices of a run by what they were for, so that they can be played again, one by one be calmed, and
 * whole steps be left out, while the others stay as they were.
 */
import { Xoshiro } from '../parts/xoshiro.ts'
import type { Random } from '../seams.ts'
import type { Chooser } from './chooser.ts'

/** A step that may be left out: the `number`th of its kind. */
export interface Step {
  readonly kind: string
  readonly number: number
}

/** What was chosen for one purpose at one moment, each choice as its distance from the calmest. */
export interface Moment {
  readonly time: number
  readonly choices: readonly number[]
}

/** Numbers by purpose. */
type Numbers = ReadonlyMap<string, readonly number[]>

/** See the file's head. */
export interface Script {
  readonly seed: number
  /** By purpose, in order; choices that are missing are the calmest. */
  readonly choices: ReadonlyMap<string, readonly Moment[]>
  /** The steps that happen. */
  readonly steps: readonly Step[]
  /** What came about without a choice. */
  readonly facts: Numbers
  /** The nodes' own numbers; those that are missing follow from the seed and the purpose. */
  readonly own: Numbers
}

/** The purpose of a step's choices. */
export function purposeOf({ kind, number }: Step): string {
  return `${kind} ${number}`
}

/** A chooser whose choices are numbers, of which 0 is the calmest. */
abstract class NumberedChooser implements Chooser {
  abstract follow(now: () => number): void
  /** An integer in [0, bound). */
  abstract below(bound: number): number
  abstract chance(probability: number): boolean
  abstract of(purpose: string): Chooser
  abstract step(kind: string, number: number): Chooser | null
  abstract last(kind: string): number
  abstract recall(fact: number): number
  abstract own(purpose: string): Random
  /** A number in [0, 1). */
  protected abstract fraction(): number
  /** An integer in [0, bound), of which the highest is the calmest. */
  protected abstract belowFromTop(bound: number): number

  between(least: number, most: number): number {
    return least + this.fraction() * (most - least)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }

  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items]
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.belowFromTop(i + 1)
      const item = shuffled[i]!
      shuffled[i] = shuffled[j]!
      shuffled[j] = item
    }
    return shuffled
  }
}

/** What the choosers of one recording share. */
interface Recording {
  readonly random: Xoshiro
  readonly choices: Map<string, { readonly time: number; readonly choices: number[] }[]>
  readonly steps: Step[]
  readonly facts: Map<string, number[]>
  readonly own: Map<string, number[]>
  now: () => number
}

/** Chooses by seed, exactly as a `SeededChooser` does, and notes what it chose. */
export class RecordingChooser extends NumberedChooser {
  readonly #seed: number
  readonly #recording: Recording
  readonly #moments: { readonly time: number; readonly choices: number[] }[]
  readonly #facts: number[]

  constructor(seed: number, recording: Recording = emptyRecording(seed), purpose = '') {
    super()
    this.#seed = seed
    this.#recording = recording
    this.#moments = listOf(recording.choices, purpose)
    this.#facts = listOf(recording.facts, purpose)
  }

  /** All that was chosen so far. */
  get script(): Script {
    const { choices, steps, facts, own } = this.#recording
    return { seed: this.#seed, choices, steps, facts, own }
  }

  follow(now: () => number): void {
    this.#recording.now = now
  }

  below(bound: number): number {
    return this.#note(this.#recording.random.below(bound))
  }

  chance(probability: number): boolean {
    return this.#note(this.#recording.random.next() < probability * 2 ** 32 ? 1 : 0) === 1
  }

  of(purpose: string): Chooser {
    return new RecordingChooser(this.#seed, this.#recording, purpose)
  }

  step(kind: string, number: number): Chooser {
    this.#recording.steps.push({ kind, number })
    return this.of(purposeOf({ kind, number }))
  }

  last(): number {
    return Number.POSITIVE_INFINITY
  }

  recall(fact: number): number {
    this.#facts.push(fact)
    return fact
  }

  own(purpose: string): Random {
    const { random, own } = this.#recording
    const numbers = listOf(own, purpose)
    return {
      below: (bound) => {
        const number = random.below(bound)
        numbers.push(number)
        return number
      },
    }
  }

  protected fraction(): number {
    return this.#note(this.#recording.random.next() / 2 ** 32)
  }

  protected belowFromTop(bound: number): number {
    return bound - 1 - this.#note(bound - 1 - this.#recording.random.below(bound))
  }

  #note(choice: number): number {
    const time = this.#recording.now()
    const moment = this.#moments.at(-1)
    if (moment?.time === time) moment.choices.push(choice)
    else this.#moments.push({ time, choices: [choice] })
    return choice
  }
}

/** Where a script is at, for one purpose. */
class Cursor {
  fact = 0
  readonly #moments: readonly Moment[]
  readonly #places: ReadonlyMap<number, number>
  #time = Number.NaN
  /** The place of the moment that is played now, and of its next choice. */
  #moment = -1
  #choice = 0

  constructor(moments: readonly Moment[]) {
    this.#moments = moments
    this.#places = new Map(moments.map(({ time }, place) => [time, place]))
  }

  /** The next choice. At each new time, those of that very moment; if there are none, those that come next. */
  next(time: number): number {
    if (time !== this.#time) {
      this.#time = time
      this.#moment = this.#places.get(time) ?? this.#moment + 1
      this.#choice = 0
    }
    return this.#moments[this.#moment]?.choices[this.#choice++] ?? 0
  }
}

/** What the choosers of one playing share: its steps, the last of each kind, and how far it is. */
interface Playing {
  readonly purposes: ReadonlySet<string>
  readonly last: ReadonlyMap<string, number>
  readonly cursors: Map<string, Cursor>
  now: () => number
}

/** Chooses what a script says, and the calmest where the script ends or says what cannot be chosen. */
export class ScriptedChooser extends NumberedChooser {
  readonly #script: Script
  readonly #playing: Playing
  readonly #facts: readonly number[]
  readonly #at: Cursor

  constructor(script: Script, playing: Playing = beginningOf(script), purpose = '') {
    super()
    const { cursors } = playing
    this.#script = script
    this.#playing = playing
    this.#facts = script.facts.get(purpose) ?? []
    this.#at = cursors.get(purpose) ?? new Cursor(script.choices.get(purpose) ?? [])
    cursors.set(purpose, this.#at)
  }

  follow(now: () => number): void {
    this.#playing.now = now
  }

  below(bound: number): number {
    const choice = this.#next()
    return Number.isInteger(choice) && choice < bound ? choice : 0
  }

  chance(): boolean {
    return this.#next() === 1
  }

  of(purpose: string): Chooser {
    return new ScriptedChooser(this.#script, this.#playing, purpose)
  }

  step(kind: string, number: number): Chooser | null {
    const purpose = purposeOf({ kind, number })
    return this.#playing.purposes.has(purpose) ? this.of(purpose) : null
  }

  last(kind: string): number {
    return this.#playing.last.get(kind) ?? -1
  }

  recall(fact: number): number {
    return this.#facts[this.#at.fact++] ?? fact
  }

  own(purpose: string): Random {
    const numbers = this.#script.own.get(purpose) ?? []
    const rest = new Xoshiro(this.#script.seed * 2 ** 32 + hashOf(purpose))
    let at = 0
    return {
      below: (bound) => {
        const number = numbers[at++]
        return number !== undefined && number < bound ? number : rest.below(bound)
      },
    }
  }

  protected fraction(): number {
    const choice = this.#next()
    return choice < 1 ? choice : 0
  }

  protected belowFromTop(bound: number): number {
    return bound - 1 - this.below(bound)
  }

  #next(): number {
    return this.#at.next(this.#playing.now())
  }
}

function emptyRecording(seed: number): Recording {
  return { random: new Xoshiro(seed), choices: new Map(), steps: [], facts: new Map(), own: new Map(), now: () => 0 }
}

function beginningOf({ steps }: Script): Playing {
  const last = new Map<string, number>()
  for (const { kind, number } of steps) last.set(kind, Math.max(number, last.get(kind) ?? -1))
  return { purposes: new Set(steps.map(purposeOf)), last, cursors: new Map(), now: () => 0 }
}

function listOf<T>(lists: Map<string, T[]>, purpose: string): T[] {
  const known = lists.get(purpose)
  if (known) return known
  const list: T[] = []
  lists.set(purpose, list)
  return list
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
