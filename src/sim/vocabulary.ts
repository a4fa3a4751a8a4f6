/** What the bytes on the network say: the messages of a protocol, and the nodes' own, by their numbers. */
import { codecOf } from '../codec/compile.ts'
import { frameNumber, framePayload } from '../codec/frame.ts'
import type { Handlers, MessageClass, Module, Recoverers } from '../codec/schema.ts'
import { Node } from '../node.ts'
import type { Cluster, NodeId } from '../node-id.ts'
import * as nodeMessages from '../node-messages.ts'
import { PROTOCOL_NUMBERS } from '../registry.ts'
import type { Protocol } from '../replica.ts'
import { SILENT } from '../seams.ts'
import { KeyValueStore } from '../store/kv-store.ts'

/** The classes of messages by their numbers on the wire. */
export type Vocabulary = ReadonlyMap<number, MessageClass>

/** The nodes' own messages. */
export const NODE_VOCABULARY: Vocabulary = numbered(nodeMessages, 0)

/** The messages of a protocol's module by their numbers on the wire. */
export function numbered(messages: Module, first = PROTOCOL_NUMBERS): Map<number, MessageClass> {
  const isMessage = (value: unknown) =>
    typeof value === 'function' && (value as Partial<MessageClass>).kind === 'message'
  const names = Object.keys(messages).filter((name) => isMessage(messages[name]))
  return new Map(names.sort().map((name, index) => [first + index, messages[name] as MessageClass]))
}

/** A node that never starts: it only hears what a protocol registers. */
class Listener extends Node {
  readonly heard: Module[] = []

  override register<M extends Module, R extends Module = Record<never, never>>(
    messages: M,
    handlers: Handlers<M, NodeId> & Recoverers<R>,
    records?: R,
  ): void {
    this.heard.push(messages)
    super.register(messages, handlers, records)
  }
}

/** All that nodes of a protocol say to each other. */
export function vocabularyOf(protocol: Protocol, cluster: Cluster, options: unknown): Vocabulary {
  const listener = new Listener(cluster.at(0), cluster, {
    transport: { send: () => true, reject() {} },
    clock: { now: () => 0, setAlarm: () => ({}), clearAlarm() {}, soon() {} },
    random: { below: () => 0 },
    storage: {
      durable: false,
      incarnation: 1,
      forgot: false,
      recover: () => [],
      append() {},
      sync() {},
      checkpointDue: false,
      checkpoint() {},
    },
    stateMachine: new KeyValueStore(),
    log: SILENT,
    onFailure: () => {},
  })
  protocol.create(listener, options)
  return new Map([...NODE_VOCABULARY, ...listener.heard.flatMap((messages) => [...numbered(messages)])])
}

/** The class and the fields of a message; null for a number that nobody knows. */
export function read(frame: Uint8Array, vocabulary: Vocabulary): { type: MessageClass; message: object } | null {
  const type = vocabulary.get(frameNumber(frame))
  return type ? { type, message: codecOf(type).decode(framePayload(frame)) as object } : null
}
