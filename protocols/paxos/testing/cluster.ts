/** Scripted Paxos clusters for the tests of this folder. */
import { type Pending, Scenario, type ScenarioOptions } from '../../../src/sim/scenario.ts'
import protocol from '../index.ts'
import * as messages from '../messages.ts'
import type { Paxos } from '../paxos.ts'

/** A cluster of five in one zone. */
export const FIVE = ['1.1', '1.2', '1.3', '1.4', '1.5']

export function cluster(options: Partial<ScenarioOptions> = {}): Scenario<Paxos> {
  return new Scenario<Paxos>({ protocol, messages, ...options })
}

/** Makes a node lead, whoever leads now. */
export function lead(s: Scenario<Paxos>, name: string): void {
  s.act(name, (replica) => replica.election.campaign(replica.promised))
  s.until(`${name} leads`, () => s.replica(name).role === 'leader')
}

/** How an operation ended: `ok`, a code of refusal, `open`, or `dead` with its node. */
export function ending({ outcome }: Pending): string {
  if (outcome === undefined) return 'open'
  if (outcome === null) return 'dead'
  return outcome.ok ? 'ok' : outcome.code
}

/** All live nodes have executed as much, and have the same state. */
export function converge(s: Scenario<Paxos>): void {
  const alive = s.processes.filter((process) => process.alive)
  s.until(
    'convergence',
    () => new Set(alive.map((p) => `${p.replica?.status().executed} ${p.store?.hash()}`)).size === 1,
  )
}

export function restart(s: Scenario<Paxos>, name: string): void {
  const process = s.process(name)
  process.crash()
  process.boot()
}

export function commandsOf(replica: Paxos, slot: number): string[] | undefined {
  return replica.log.get(slot)?.commands.map(({ value }) => new TextDecoder().decode(value))
}
