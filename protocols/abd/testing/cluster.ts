/** Clusters of ABD for its tests, and what they look at. */
import { type Command, counted, type Outcome, type Protocol } from '#core'
import { type Passing, type Pending, Scenario, type ScenarioOptions } from '../../../src/sim/scenario.ts'
import { Abd } from '../abd.ts'
import protocol from '../index.ts'
import * as messages from '../messages.ts'
import type { Options } from '../options.ts'

/** A cluster of five in one zone. */
export const FIVE = ['1.1', '1.2', '1.3', '1.4', '1.5']

/** A cluster that has begun. */
export function cluster(options: Partial<ScenarioOptions> = {}): Scenario<Abd> {
  const s = new Scenario<Abd>({ protocol, messages, ...options })
  for (const process of s.processes) process.boot()
  s.until('the start', () => s.processes.every(({ node }) => node?.memory))
  return s
}

/** ABD with quorums of these sizes. */
export function flexible(q1: number, q2: number): Protocol {
  return { ...protocol, create: (node, given) => new Abd(node, given as Options, counted(node.cluster, q1, q2)) }
}

/** How an operation ended: `ok`, a code of refusal, `open`, or `dead` with its node. */
export function ending({ outcome }: Pending): string {
  if (outcome === undefined) return 'open'
  if (outcome === null) return 'dead'
  return outcome.ok ? 'ok' : outcome.code
}

/** Kills a node and starts it again. */
export function restart(s: Scenario<Abd>, name: string): void {
  const process = s.process(name)
  process.crash()
  process.boot()
  s.until(`${name} is back`, () => process.node?.memory != null)
}

/** Any command, and its outcome. */
export function submit(s: Scenario<Abd>, name: string, command: Command): Outcome {
  let outcome: Outcome | undefined
  s.process(name).node!.submit(command, '', (given) => {
    outcome = given
  })
  s.until('an answer', () => outcome !== undefined)
  return outcome!
}

/** What a node holds of a key: its tag as `number.zone.node`, and its value. */
export function held(s: Scenario<Abd>, name: string, key: string): string {
  const { version, value } = s.process(name).store!.get(key)
  return `${s.process(name).node!.ballots.format(version)} ${value ? new TextDecoder().decode(value) : 'nothing'}`
}

/** The messages of a class that were sent and not lost on purpose. */
export function sent(s: Scenario<Abd>, name: string): Passing[] {
  return s.passed.filter((passing) => passing.name === name)
}

/** The tag of this number that the member of this number issues. */
export function tag(number: number, member: number): number {
  return number * 4096 + member
}
