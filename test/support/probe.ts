/** A protocol that does what a test tells it, and notes what is done to it. */
import * as codec from '../../src/codec/schema.ts'
import type { Node } from '../../src/node.ts'
import type { NodeId } from '../../src/node-id.ts'
import type { Memory, Replica, Status } from '../../src/replica.ts'
import type { Request } from '../../src/request.ts'

/** A message that goes first, as heartbeats do. */
export class Beat extends codec.message({ n: codec.uint53 }, { first: true }) {}
/** Any other message. */
export class Ping extends codec.message({ n: codec.uint53 }) {}
/** A record. */
export class Noted extends codec.record({ n: codec.uint53 }) {}

export const messages = { Beat, Ping }
export const records = { Noted }

export class Probe implements Replica {
  readonly node: Node
  /** What happened, in order: `ping 3 from 1.2`, `turn end`, `request k` … */
  readonly notes: string[] = []
  readonly requests: Request[] = []
  /** What a test lets it do at these moments. */
  onPingDo: (n: number, from: NodeId) => void = () => {}
  onBeatDo: (n: number, from: NodeId) => void = () => {}
  onRequestDo: (request: Request) => void = () => {}
  onStartDo: () => void = () => {}
  onTurnEndDo: () => void = () => {}

  constructor(node: Node) {
    this.node = node
    node.register(messages, this, records)
  }

  /** What a checkpoint finds. */
  dumped: Noted[] | null = null

  dump(): Iterable<object> {
    this.notes.push('dump')
    return this.dumped ?? []
  }

  onStart(memory: Memory): void {
    this.notes.push(`start ${memory}`)
    this.onStartDo()
  }

  onRequest(request: Request): void {
    this.notes.push(`request ${request.command.key}`)
    this.requests.push(request)
    this.onRequestDo(request)
  }

  onTurnEnd(): void {
    this.notes.push('turn end')
    this.onTurnEndDo()
  }

  onPing({ n }: Ping, from: NodeId): void {
    this.notes.push(`ping ${n} from ${from.name}`)
    this.onPingDo(n, from)
  }

  onBeat({ n }: Beat, from: NodeId): void {
    this.notes.push(`beat ${n} from ${from.name}`)
    this.onBeatDo(n, from)
  }

  recoverNoted({ n }: Noted): void {
    this.notes.push(`recover ${n}`)
  }

  status(): Status {
    return { ready: true, reason: 'probe', leader: null, ballot: 0, executed: 0 }
  }

  /** The notes so far, which are forgotten. */
  take(): string[] {
    return this.notes.splice(0)
  }
}
