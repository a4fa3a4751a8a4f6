/** What is owed while links are cut or nodes are down: by `progress` of the protocol, and not by what it happens to do. */
import type { NodeId } from '../../src/node-id.ts'
import { components, isFull, neighbourhood, reaches } from '../../src/sim/reach.ts'
import { SETTLED_MS, type Stage } from './stage.ts'

/** How long a cluster that serves must go on serving. */
const LASTING_MS = 1000

/**
 * Demands what is promised of the network as it is cut now, once it has settled, and again later.
 *
 * In a full partition each group with progress serves at every node, and no other acknowledges a write. In a partial
 * one those serve that owe it, or at least one of those that can.
 */
export function demandProgress(stage: Stage): void {
  const { network } = stage.scenario
  const full = isFull(network, stage.running)
  stage.scenario.run(SETTLED_MS)
  for (const _time of ['first', 'again']) {
    if (full) demandGroups(stage, components(network, stage.running))
    else demandPartial(stage)
    stage.scenario.run(LASTING_MS)
  }
}

function demandGroups(stage: Stage, groups: readonly (readonly NodeId[])[]): void {
  for (const group of groups) {
    if (stage.promises(group)) stage.serves(group)
    else if (stage.protocol.consistency === 'linearizable') stage.acknowledgesNothing(group)
  }
}

function demandPartial(stage: Stage): void {
  const { able, owing } = inPartial(stage)
  if (owing.length > 0) stage.serves(owing)
  else if (able.length > 0) stage.someServes(able)
}

/**
 * Who is able to do something in a partial partition, and who owes service: without a leader, each node that reaches a
 * set with progress serves. With one, any such node may lead; so only those owe it that reach all of them.
 */
export function inPartial(stage: Stage): { able: NodeId[]; owing: NodeId[] } {
  const { network } = stage.scenario
  const able = stage.running.filter((id) => stage.promises(neighbourhood(network, id, stage.running)))
  const owing = stage.led ? able.filter((id) => able.every((other) => reaches(network, id, other))) : able
  return { able, owing }
}
