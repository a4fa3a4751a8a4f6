/** The commands of `cmd` that inject faults and heal them; each says what it did, in whose direction and for how long. */
import { SynodError } from '../errors.ts'
import type { Client } from './client.ts'
import { FAULT_NAMES, type FaultName } from './faults.ts'
import { type Answer, chanceOf, duration, failedAt, nodeOf, perNode, said, wholeOf } from './words.ts'

/** The part of `Client` that is needed here. */
export type FaultTarget = Pick<Client, 'nodes'> & {
  readonly faults: Pick<Client['faults'], 'crash' | 'drop' | 'slow' | 'flaky' | 'cut' | 'heal'>
}

/** `crash ID SECONDS` */
export async function crash(target: FaultTarget, [id, time]: readonly string[]): Promise<Answer> {
  const [node, seconds] = [nodeOf(target, id!), wholeOf(time!, 'seconds')]
  await target.faults.crash(node, seconds)
  return said(`${node} is down ${duration(seconds)}`)
}

/** `drop FROM TO SECONDS` */
export async function drop(target: FaultTarget, [a, b, time]: readonly string[]): Promise<Answer> {
  const [from, to] = linkOf(target, a!, b!)
  const seconds = wholeOf(time!, 'seconds')
  await target.faults.drop(from, to, seconds)
  return said(`what ${from} sends to ${to} is lost ${duration(seconds)}`)
}

/** `slow FROM TO MS SECONDS` */
export async function slow(target: FaultTarget, [a, b, delay, time]: readonly string[]): Promise<Answer> {
  const [from, to] = linkOf(target, a!, b!)
  const [delayMs, seconds] = [wholeOf(delay!, 'milliseconds'), wholeOf(time!, 'seconds')]
  await target.faults.slow(from, to, delayMs, seconds)
  return said(`what ${from} sends to ${to} leaves ${delayMs} ms later ${duration(seconds)}`)
}

/** `flaky FROM TO CHANCE SECONDS` */
export async function flaky(target: FaultTarget, [a, b, text, time]: readonly string[]): Promise<Answer> {
  const [from, to] = linkOf(target, a!, b!)
  const [chance, seconds] = [chanceOf(text!), wholeOf(time!, 'seconds')]
  await target.faults.flaky(from, to, chance, seconds)
  return said(`each message from ${from} to ${to} is lost with chance ${chance} ${duration(seconds)}`)
}

/** `partition SECONDS ID...`: whom it does not reach it names, for the others keep the cut. */
export async function partition(target: FaultTarget, [time, ...ids]: readonly string[]): Promise<Answer> {
  const seconds = wholeOf(time!, 'seconds')
  const inside = [...new Set(ids.map((id) => nodeOf(target, id)))]
  const outside = target.nodes.filter((id) => !inside.includes(id))
  if (outside.length === 0) throw new SynodError('usage', 'a partition needs nodes on both sides')
  const results = await Promise.allSettled(target.nodes.map((node) => target.faults.cut(node, seconds, inside)))
  const failures = results.flatMap((result, i) =>
    result.status === 'rejected' ? [[target.nodes[i]!, result.reason]] : [],
  )
  const defect = failures.find(([, reason]) => !(reason instanceof SynodError))
  // That nobody was told is a plain failure.
  if (defect || failures.length === target.nodes.length) throw (defect ?? failures[0]!)[1]
  const done = `${inside.join(', ')} cut off from ${outside.join(', ')} ${duration(seconds)}`
  if (failures.length === 0) return said(done)
  const told = target.nodes.filter((node) => !failures.some(([failed]) => failed === node))
  const lines = failures.map(([node, { message }]) => `${node} could not be told: ${message}`)
  return { good: false, out: `${done}, by ${told.join(', ')}`, note: lines.join('\n'), facts: {} }
}

/** `heal [ID] [FAULT]`: at one node or all, of one kind or all. */
export async function heal(target: FaultTarget, words: readonly string[]): Promise<Answer> {
  const fault = FAULT_NAMES.find((name) => name === words.at(-1))
  const [id, ...more] = fault === undefined ? words : words.slice(0, -1)
  if (more.length > 0)
    throw new SynodError('usage', `there is no fault ${more[0]}; there are ${FAULT_NAMES.join(', ')}`)
  const nodes = id === undefined ? target.nodes : [nodeOf(target, id)]
  const answer = perNode(await Promise.all(nodes.map((node) => healOne(target, node, fault))))
  return answer.out === '' ? { ...answer, out: `there was no ${fault ?? 'fault'} to heal` } : answer
}

async function healOne(target: FaultTarget, node: string, fault: FaultName | undefined): Promise<Answer> {
  try {
    const healed = await target.faults.heal(node, fault)
    return said(healed.map((line) => `${node} healed: ${line}`).join('\n'), { node, healed })
  } catch (error) {
    return failedAt(node, error)
  }
}

/** Two nodes that a link joins. */
function linkOf(target: FaultTarget, a: string, b: string): [string, string] {
  const [from, to] = [nodeOf(target, a), nodeOf(target, b)]
  if (from === to) throw new SynodError('usage', `${from} sends to itself by no link; name two nodes`)
  return [from, to]
}
