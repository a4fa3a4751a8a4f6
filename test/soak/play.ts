/** Plays one row: few times, then many, with a look at memory after each and good requests between. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Outcomes, playRest, repeat } from './player.ts'
import type { Row } from './row.ts'
import type { Stage } from './stage.ts'
import { judge, type Verdict } from './verdict.ts'

/** How often lost datagrams are sent again, and how long the node's count may lag behind. */
const RESENDS = 20
const LAG_MS = 3000
const LOOK_MS = 20

/** How much is played. */
export interface Plan {
  /** Repeats before memory is looked at first. */
  readonly few: number
  /** Repeats in all. */
  readonly many: number
  /** MiB by which memory may have grown between the two. */
  readonly growth: number
}

/** Good requests, so that what a server needs for any requests at all is not taken for what the first row has cost. */
export async function warmUp({ httpPort }: Stage, times: number): Promise<void> {
  const bytes = Buffer.from('PUT /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na')
  const once = () => playRest(httpPort, { name: '', bytes, statuses: [200] })
  await repeat(times, { name: 'good requests', once, expected: '200' })
}

/** Plays a row as planned, looks at memory twice, and gives the verdict. */
export async function play(stage: Stage, row: Row, plan: Plan): Promise<Verdict> {
  const { growth } = plan
  const { weight = 1 } = row
  const few = Math.ceil(plan.few / weight)
  const many = Math.ceil(plan.many / weight)
  const outcomes: Outcomes = new Map()
  let rise = await playSome(stage, row, few, outcomes)
  const beforeMib = await stage.residentMib()
  rise += await playSome(stage, row, many - few, outcomes)
  const afterMib = await stage.residentMib()
  return judge({ row, outcomes, times: many, rise, beforeMib, afterMib }, growth)
}

/** Plays a row so many times, and sees that the cluster serves on; gives by how much the row's counter has risen. */
async function playSome(stage: Stage, row: Row, times: number, outcomes: Outcomes): Promise<number> {
  const { counter } = row
  const start = counter === undefined ? 0 : await stage.metric(counter)
  const send = async (wanted: number) => {
    for (const [outcome, more] of await repeat(wanted, row)) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + more)
  }
  if (row.cut) await stage.cut(true)
  await send(times)
  if (row.cut) await stage.cut(false)
  const risen = async () => (counter === undefined ? 0 : await settled(() => stage.metric(counter), start, times))
  let rise = await risen()
  for (let resends = 0; row.lossy && rise < times && resends < RESENDS; resends++) {
    await send(times - rise)
    rise = await risen()
  }
  await stage.serves()
  return rise
}

/** By how much a counter has risen, once it has by `due`, or does so no more. */
async function settled(count: () => Promise<number>, start: number, due: number): Promise<number> {
  const deadline = performance.now() + LAG_MS
  for (;;) {
    const rise = (await count()) - start
    if (rise >= due || performance.now() > deadline) return rise
    await sleep(LOOK_MS)
  }
}
