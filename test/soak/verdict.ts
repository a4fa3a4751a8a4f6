/** Whether a row held, and the line that says so. */
import type { Outcomes } from './player.ts'
import type { Row } from './row.ts'

/** What was seen of one row. */
export interface Played {
  readonly row: Pick<Row, 'name' | 'expected' | 'besides' | 'counter' | 'lossy'>
  readonly outcomes: Outcomes
  /** How often the row was to be played. */
  readonly times: number
  /** By how much its counter has risen. */
  readonly rise: number
  /** The memory after the first repeats and after all. */
  readonly beforeMib: number
  readonly afterMib: number
}

/** Whether it held, and the line that tells all of it. */
export interface Verdict {
  readonly good: boolean
  readonly line: string
}

/** Takes what was seen, and by how much memory may have grown; gives the verdict. */
export function judge(played: Played, growthMib: number): Verdict {
  const { row, beforeMib, afterMib } = played
  const wrong = wrongWith(played)
  if (afterMib - beforeMib > growthMib) wrong.push(`memory has grown by more than ${growthMib} MiB`)
  const good = wrong.length === 0
  const told = [...played.outcomes].map(([outcome, count]) => `${count} × ${outcome}`).join(', ')
  const reached = row.counter === undefined ? '' : `; counted by the node: ${played.rise}`
  const line = `${good ? 'ok    ' : 'FAILED'} ${row.name.padEnd(56)} ${beforeMib.toFixed(1)} -> ${afterMib.toFixed(1)} MiB; ${told}${reached}`
  return { good, line: [line, ...wrong].join('; ') }
}

function wrongWith({ row, outcomes, times, rise }: Played): string[] {
  const wrong: string[] = []
  const { expected, besides = [] } = row
  const others = [...outcomes.keys()].filter((outcome) => outcome !== expected && !besides.includes(outcome))
  if (others.length > 0) wrong.push(`not always ${expected}`)
  const came = outcomes.get(expected) ?? 0
  if (came < times) wrong.push(`only ${came} of ${times} came to ${expected}`)
  const due = row.lossy ? times : came
  if (row.counter !== undefined && rise < due) wrong.push(`only ${rise} of ${due} are in ${row.counter}`)
  return wrong
}
