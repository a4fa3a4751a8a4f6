/**
 * Delta debugging (Zeller & Hildebrandt 2002) of a failing run: leaves out faults and operations and calms choices as
 * long as the same invariant is violated, and no longer run comes of it.
 */
import type { RunReport } from './report.ts'
import { type RunOptions, run } from './run.ts'
import { type Moment, purposeOf, RecordingChooser, type Script, ScriptedChooser, type Step } from './script.ts'
import { RunTrace } from './trace.ts'
import { OutOfSteps } from './world.ts'

/** How many runs a minimisation may take, and how many events all of them together. */
const MOST_RUNS = 400
const MOST_STEPS = 4_000_000

/** What a failing run is made of. */
export interface Size {
  /** Faults that strike, and nodes that die while the cluster is founded. */
  readonly strikes: number
  /** Of clients, those with sessions counted by the client. */
  readonly operations: number
  /** Choices of the network, the disks, the faults and the times between them that are not the calmest. */
  readonly choices: number
  /** Events until the violation. */
  readonly steps: number
  readonly lines: number
}

/** A small script of a violation, and what became of it. */
export interface Minimised {
  readonly script: Script
  readonly report: RunReport
  /** The trace of the run, line by line. */
  readonly lines: readonly string[]
  readonly before: Size
  readonly after: Size
  /** How many runs it took. */
  readonly runs: number
}

/**
 * Runs a seed that violates an invariant again and again, and gives the smallest script found that violates the same
 * one. The same options give the same script. Gives null when the seed violates nothing.
 */
export function minimise(options: RunOptions, mostRuns = MOST_RUNS): Minimised | null {
  const recorder = new RecordingChooser(options.seed)
  const trace = new RunTrace()
  const report = run({ ...options, chooser: recorder, trace })
  if (!report.violation) return null
  const { script } = recorder
  const minimiser = new Minimiser(options, script, report, mostRuns)
  minimiser.reduce()
  const small = minimiser.play()
  return {
    ...small,
    before: sizeOf(script, report, trace.lines),
    after: sizeOf(small.script, small.report, small.lines),
    runs: minimiser.runs,
  }
}

/** One choice that is not calm. */
interface Place {
  readonly purpose: string
  readonly moment: number
  readonly index: number
}

class Minimiser {
  runs = 0
  readonly #options: RunOptions
  readonly #invariant: string
  readonly #mostRuns: number
  #best: Script
  /** The events that the best script takes. */
  #steps: number
  /** The events of all runs so far. */
  #spent = 0

  constructor(options: RunOptions, script: Script, { violation, steps }: RunReport, mostRuns: number) {
    this.#options = options
    this.#invariant = violation!.invariant
    this.#mostRuns = mostRuns
    this.#best = script
    this.#steps = steps
  }

  /** Makes the script smaller until nothing more can be left out, or the runs are used up. */
  reduce(): void {
    let before = -1
    for (let size = this.#size(); size !== before; size = this.#size()) {
      before = size
      this.#reduce(
        (script) => script.steps.filter(isFault),
        (script, faults) => {
          return { ...script, steps: [...faults, ...script.steps.filter((step) => !isFault(step))] }
        },
      )
      this.#reduce(
        (script) => script.steps.filter((step) => !isFault(step)),
        (script, operations) => {
          return { ...script, steps: [...script.steps.filter(isFault), ...operations] }
        },
      )
      this.#reduce(
        (script) => [...script.choices.keys()],
        (script, purposes) => {
          return { ...script, choices: new Map(purposes.map((purpose) => [purpose, script.choices.get(purpose)!])) }
        },
      )
      this.#reduce(placesOf, only)
    }
  }

  /** Runs the smallest script found. */
  play(): Pick<Minimised, 'script' | 'report' | 'lines'> {
    const trace = new RunTrace()
    const report = run({ ...this.#options, chooser: new ScriptedChooser(this.#best), trace })
    return { script: this.#best, report, lines: trace.lines }
  }

  #size(): number {
    return this.#best.steps.length + placesOf(this.#best).length
  }

  /** Leaves out what it can of a script's items: all, halves, quarters …, the last ones first. */
  #reduce<T>(itemsOf: (script: Script) => readonly T[], keep: (script: Script, items: readonly T[]) => Script): void {
    for (let length = itemsOf(this.#best).length; length >= 1; length = Math.floor(length / 2)) {
      for (let end = itemsOf(this.#best).length; end > 0; end -= length) {
        if (this.runs >= this.#mostRuns || this.#spent >= MOST_STEPS) return
        const items = itemsOf(this.#best)
        const kept = [...items.slice(0, Math.max(0, end - length)), ...items.slice(end)]
        if (kept.length < items.length) this.#attempt(keep(this.#best, kept))
      }
    }
  }

  /** Takes a script for the best if it does what it should. */
  #attempt(script: Script): void {
    this.runs += 1
    const steps = this.#stepsToViolation(script)
    if (steps === null) return
    this.#best = script
    this.#steps = steps
  }

  /** How many events it takes a script to violate the invariant; null when it does not, or takes longer than the best. */
  #stepsToViolation(script: Script): number | null {
    try {
      const { logOf: _, ...options } = this.#options
      const report = run({ ...options, chooser: new ScriptedChooser(script), mostSteps: this.#steps })
      this.#spent += report.steps
      return report.violation?.invariant === this.#invariant ? report.steps : null
    } catch (error) {
      if (!(error instanceof OutOfSteps)) throw error
      this.#spent += this.#steps
      return null
    }
  }
}

function isFault({ kind }: Step): boolean {
  return kind === 'strike' || kind === 'death'
}

function sizeOf(script: Script, { steps }: RunReport, lines: readonly string[]): Size {
  const strikes = script.steps.filter(isFault).length
  return {
    strikes,
    operations: script.steps.length - strikes,
    choices: placesOf(script).length,
    steps,
    lines: lines.length,
  }
}

/** All choices that are not calm, but for those of steps that are left out. */
function placesOf({ choices, steps }: Script): Place[] {
  const happening = new Set(steps.map(purposeOf))
  const places: Place[] = []
  for (const [purpose, moments] of choices) {
    if (/^(strike|death|session client) \d/.test(purpose) && !happening.has(purpose)) continue
    for (const [moment, { choices: list }] of moments.entries()) {
      for (const [index, choice] of list.entries()) if (choice !== 0) places.push({ purpose, moment, index })
    }
  }
  return places
}

/** The script with these choices, all others calm. */
function only(script: Script, places: readonly Place[]): Script {
  const calm = (moment: Moment) => ({ time: moment.time, choices: moment.choices.map(() => 0) })
  const choices = new Map([...script.choices].map(([purpose, moments]) => [purpose, moments.map(calm)]))
  for (const { purpose, moment, index } of places) {
    choices.get(purpose)![moment]!.choices[index] = script.choices.get(purpose)![moment]!.choices[index]!
  }
  return { ...script, choices }
}
