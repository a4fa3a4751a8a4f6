/** What the commands of one golden file act on: a scripted cluster, with its clients, its tap and its trace. */
import type { Module } from '../../src/codec/schema.ts'
import { NODE_DEFAULTS } from '../../src/node-parts.ts'
import type { Protocol, Replica } from '../../src/replica.ts'
import { SILENT } from '../../src/seams.ts'
import { Format } from '../../src/sim/format.ts'
import type { Process } from '../../src/sim/process.ts'
import { Scenario } from '../../src/sim/scenario.ts'
import { Clients } from './clients.ts'
import { Tap } from './tap.ts'
import { Trace } from './trace.ts'

/** Virtual milliseconds in which what a command has begun comes to an end, where nothing is lost. */
const SETTLE_MS = 10

/** The words of a `cluster` command, `name=value` each. */
export interface Setup {
  readonly nodes: readonly string[]
  readonly durable: boolean
  readonly seed: number
  readonly timeoutMs: number
  /** Options of the protocol. */
  readonly options: Readonly<Record<string, number>>
}

/** The setup that the words of `cluster` ask for. */
export function setupOf(words: ReadonlyMap<string, string>): Setup {
  const given = new Map(words)
  const take = (name: string, otherwise: string) => {
    const value = given.get(name) ?? otherwise
    given.delete(name)
    return value
  }
  const nodes = take('nodes', '3')
  const names = nodes.includes('.') ? nodes.split(',') : Array.from({ length: Number(nodes) }, (_, at) => `1.${at + 1}`)
  const storage = take('storage', 'memory')
  if (storage !== 'memory' && storage !== 'disk') throw new Error(`storage is memory or disk, not ${storage}`)
  const seed = Number(take('seed', '1'))
  const timeoutMs = Number(take('timeout', String(NODE_DEFAULTS.requestTimeoutMs)))
  const options = Object.fromEntries([...given].map(([name, value]) => [name, Number(value)]))
  return { nodes: names, durable: storage === 'disk', seed, timeoutMs, options }
}

export class Scene {
  readonly scenario: Scenario<Replica>
  readonly format: Format
  readonly trace: Trace
  readonly tap: Tap
  readonly clients: Clients

  constructor(protocol: Protocol, messages: Module, { nodes, durable, seed, timeoutMs, options }: Setup) {
    const warn = (name: string) => (event: string) => this.trace.note(`${name} warns: ${event}`)
    this.scenario = new Scenario<Replica>({
      protocol,
      messages,
      nodes,
      durable,
      seed,
      options,
      nodeOptions: { requestTimeoutMs: timeoutMs },
      logOf: ({ name }) => ({ ...SILENT, warn: warn(name), error: warn(name) }),
    })
    this.format = new Format(this.scenario.cluster)
    this.trace = new Trace(this.scenario.world, this.format, this.scenario.clients.keys)
    this.tap = new Tap(this.scenario, this.trace, this.format)
    this.clients = new Clients(this.scenario, this.trace)
    this.scenario.watch = () => this.look()
    this.trace.hidden.add('Announce')
    for (const declared of Object.values(messages)) {
      const { name, first } = declared as { name?: string; first?: boolean }
      if (name && first) this.trace.hidden.add(name)
    }
  }

  /** The process called `name`. Throws for a name that is no node's. */
  process(name: string | undefined): Process {
    const id = name === undefined ? undefined : this.scenario.cluster.find(name)
    if (!id) throw new Error(`${name} is no node of this cluster`)
    return this.scenario.process(id.name)
  }

  /** Notes what has changed since the last look. */
  look(): void {
    for (const process of this.scenario.processes) this.trace.look(process)
  }

  /** Lets what has begun come to its end. */
  settle(): void {
    this.scenario.run(SETTLE_MS)
  }

  /** Ends the scenario, and judges it. */
  judge(): void {
    this.clients.close()
    this.scenario.judge()
  }
}
