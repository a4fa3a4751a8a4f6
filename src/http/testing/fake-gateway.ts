/** A node that is only a state machine: what the HTTP tests talk to. */
import { Ballots } from '../../ballots.ts'
import type { Command } from '../../command.ts'
import { Cluster, type NodeId } from '../../node-id.ts'
import { NO_PROPERTIES, type Outcome, outcomeOf, type Properties, type ReadMode } from '../../request.ts'
import { ExactlyOnce } from '../../store/exactly-once.ts'
import { KeyValueStore } from '../../store/kv-store.ts'
import type { Faults, Gateway } from '../gateway.ts'

/** Answers at once, unless told to hold or refuse, and notes what it was asked. */
export class FakeGateway implements Gateway {
  readonly cluster = new Cluster(['1.1', '1.2', '1.3'])
  readonly ballots = new Ballots(this.cluster)
  readonly id: NodeId
  store = new KeyValueStore({ multiversion: true })
  machine = new ExactlyOnce(this.store)
  offers: Gateway['offers'] = {
    sessions: true,
    compareAndSet: true,
    order: true,
    properties: false,
    reads: ['leader', 'quorum', 'any'],
  }
  read: ReadMode = ''
  readonly submitted: Command[] = []
  /** The paths that were asked for, one for each command submitted. */
  readonly paths: ReadMode[] = []
  /** And what came with each. */
  readonly properties: Properties[] = []
  /** While set, answers wait here. */
  held: (() => void)[] | null = null
  /** While set, every command is refused with it. */
  refusal: Extract<Outcome, { ok: false }> | null = null
  /** While set, submitting throws it. */
  defect: Error | null = null
  /** Whether answers have a slot and a ballot. */
  ordered = true
  ready = true
  /** How many more it would take; each answer makes room for one. */
  room = Number.POSITIVE_INFINITY
  injected: string[] = []
  /** What `heal` says it has ended. */
  healed: string[] = []
  faults: Faults | null = {
    crash: (seconds) => this.injected.push(`crash ${seconds}`),
    drop: (id, seconds) => this.injected.push(`drop ${id.name} ${seconds}`),
    slow: (id, delayMs, seconds) => this.injected.push(`slow ${id.name} ${delayMs} ${seconds}`),
    flaky: (id, chance, seconds) => this.injected.push(`flaky ${id.name} ${chance} ${seconds}`),
    partition: (ids, seconds) => this.injected.push(`partition ${ids.map(({ name }) => name)} ${seconds}`),
    heal: (name, target) => {
      const nodes = target === undefined ? ['all'] : [target].flat().map((node) => node.name)
      this.injected.push(`heal ${name ?? 'all'} ${nodes.join(' ')}`)
      return this.healed
    },
  }
  #slot = 0

  constructor(name = '1.1') {
    this.id = this.cluster.find(name) ?? this.cluster.at(0)
  }

  submit(command: Command, read: ReadMode, respond: (outcome: Outcome) => void, properties = NO_PROPERTIES): void {
    if (this.defect) throw this.defect
    this.submitted.push(command)
    this.paths.push(read)
    this.properties.push(properties)
    this.room -= 1
    const answer = (): void => {
      this.room += 1
      respond(this.refusal ?? this.#execute(command))
    }
    if (this.held) this.held.push(answer)
    else answer()
  }

  /** Answers what is held, and holds no more. */
  release(): void {
    const answers = this.held ?? []
    this.held = null
    for (const answer of answers) answer()
  }

  #execute(command: Command): Outcome {
    const result = this.machine.execute(command)
    const position = this.ordered ? { slot: this.#slot++, ballot: this.ballots.next(0, this.cluster.at(0)) } : null
    return outcomeOf(result, position)
  }

  /** The same for every session, so that tests know what to expect. */
  nonce(): number {
    return 0xabc
  }

  lengthOf(key: string): number {
    return this.store.lengthOf(key)
  }

  history(key: string): readonly Uint8Array[] | null {
    return this.store.history(key)
  }

  state(): unknown {
    return { id: this.id.name, keys: this.store.size }
  }

  async metrics(): Promise<string> {
    if (this.defect) throw this.defect
    return `synod_store_keys ${this.store.size}\n`
  }

  readiness(): { ready: boolean; reason: string } {
    return this.ready ? { ready: true, reason: 'ready' } : { ready: false, reason: 'no leader' }
  }
}
