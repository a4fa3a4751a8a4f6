/** The bounds of an overload, and how an outcome is printed. */
import type { Sample, Watch } from './gauges.ts'
import type { Latency, Outcome } from './plan.ts'

/** Throughput under overload, of the peak. */
const LEAST_SHARE = 0.8
/** What may be left where most can only be refused: it must not break down. */
const LEAST_SHARE_OF_A_FLOOD = 0.4
/** Memory in the last third of the overload, above the first third's highest. */
const GROWTH_MIB = 32
/** So many kinds of unexpected answers are printed. */
const MOST_OTHERS = 4

/** What came of a stretch of load, and the processors that the servers took for it together. */
export interface Stretch {
  readonly outcome: Outcome
  readonly processors: number
}

/** What there is to judge. */
export interface Evidence {
  /** The best closed loop, before the overload and after it. */
  readonly peaks: readonly Stretch[]
  readonly overload: Stretch
  /** With more requests under way than can be served in time. */
  readonly flood: Stretch
  /** Before any load, before the overload, and after it all. */
  readonly start: readonly Sample[]
  readonly before: readonly Sample[]
  readonly after: readonly Sample[]
  /** During the overload. */
  readonly watch: Watch
}

/** Judgements, each printed as it is made. */
export class Verdicts {
  failed = 0
  passed = 0
  readonly #print: (line: string) => void

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  judge(evidence: Evidence): void {
    const { peaks, overload, flood, watch } = evidence
    this.#throughput('overload', overload, peaks, LEAST_SHARE)
    this.#throughput('flood', flood, peaks, LEAST_SHARE_OF_A_FLOOD)
    this.#answers('overload', overload)
    this.#answers('flood', flood)
    const { refused } = flood.outcome.tally
    this.#add(refused > 0, `flood: ${refused} refused since a queue was full (some)`)
    for (const { id } of evidence.start) this.#memory(id, evidence)
    this.#elections(evidence)
    const looks = watch.samples.length + watch.missed
    this.#add(watch.missed === 0, `${watch.missed} of ${looks} looks at /metrics unanswered (none)`)
  }

  /** Where others use the machine, too, what was done per second of a processor tells what they took. */
  #throughput(title: string, stretch: Stretch, peaks: readonly Stretch[], least: number): void {
    const share = rate(stretch) / mean(peaks.map(rate))
    const efficiency = (one: Stretch) => rate(one) / one.processors
    const equal = percent(efficiency(stretch) / mean(peaks.map(efficiency)))
    const bound = `at least ${percent(least)}`
    this.#add(share >= least, `${title}: throughput ${percent(share)} of the peak (${bound}); per processor ${equal}`)
  }

  /** All that was not done must have been refused for certain. */
  #answers(title: string, { outcome: { tally } }: Stretch): void {
    const others = Object.entries(tally.others).sort(([, a], [, b]) => b - a)
    const count = (good: (what: string) => boolean) =>
      others.reduce((sum, [what, times]) => sum + (good(what) ? times : 0), 0)
    const definite = tally.refused + count((what) => what.startsWith('503 '))
    const unknown = count((what) => what.startsWith('504 '))
    const strange = count((what) => !/^50[34] /.test(what))
    const list = others.slice(0, MOST_OTHERS).map(([what, times]) => `; ${times} × ${what}`)
    const counts = `${definite} definite refusals (503), ${unknown} unknown (504; none), ${strange} others (none)`
    this.#add(unknown + strange === 0, `${title}: ${counts}${list.join('')}`)
  }

  #memory(id: string, { start, before, watch }: Evidence): void {
    const sizes = watch.samples.filter((sample) => sample.id === id).map(({ residentMib }) => residentMib)
    const third = Math.ceil(sizes.length / 3)
    const [early, late] = [Math.max(...sizes.slice(0, third)), Math.max(...sizes.slice(-third))]
    const were = `${find(start, id).residentMib.toFixed(0)} at the start, ${find(before, id).residentMib.toFixed(0)} before the overload`
    const now = `at most ${early.toFixed(0)} in its first third, ${late.toFixed(0)} in its last`
    this.#add(late <= early + GROWTH_MIB, `MiB of ${id}: ${were}, ${now} (at most ${GROWTH_MIB} more)`)
  }

  #elections({ before, after }: Evidence): void {
    const risen = (field: 'round' | 'leaderChanges' | 'campaigns') =>
      after.reduce((sum, sample) => sum + sample[field] - find(before, sample.id)[field], 0)
    const [campaigns, changes, rounds] = [risen('campaigns'), risen('leaderChanges'), risen('round')]
    const quiet = campaigns === 0 && changes === 0 && rounds === 0
    this.#add(quiet, `${campaigns} campaigns, ${changes} leader changes, ${rounds} new ballots (none)`)
  }

  #add(good: boolean, what: string): void {
    if (good) this.passed += 1
    else this.failed += 1
    this.#print(`${good ? 'ok    ' : 'FAILED'} ${what}`)
  }
}

/** Requests done per second of the load, whenever they were due. */
export function rate({ outcome: { doneBySecond, seconds } }: Stretch): number {
  return doneBySecond.reduce((sum, done) => sum + done, 0) / seconds
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function find(samples: readonly Sample[], id: string): Sample {
  return samples.find((sample) => sample.id === id)!
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

/** One line for a stretch of load. */
export function line(title: string, stretch: Stretch): string {
  const { outcome, processors } = stretch
  const { tally, seconds, doneMs, refusedMs } = outcome
  const per = (count: number) => `${Math.round(count / seconds)}/s`
  const times = ({ p50, p99 }: Latency) => `p50 ${p50.toFixed(0)} p99 ${p99.toFixed(0)} ms`
  const parts = [`${title}: ${Math.round(rate(stretch))}/s done, ${times(doneMs)}`]
  if (tally.refused > 0) parts.push(`${per(tally.refused)} refused, ${times(refusedMs)}`)
  if (tally.withheld > 0) {
    const slowest = Math.min(...outcome.doneBySecond)
    parts.push(`${per(tally.arrivals)} due, of which ${per(tally.arrivals - tally.withheld)} found a connection free`)
    parts.push(`slowest second ${slowest}`)
  }
  const each = ((processors / rate(stretch)) * 1e6).toFixed(0)
  parts.push(
    `processors: servers ${processors.toFixed(2)}, generator ${outcome.processors.toFixed(2)}; ${each} µs each`,
  )
  return parts.join('; ')
}
