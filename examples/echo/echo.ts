/**
 * The smallest protocol that survives crashes: the first member holds every key and answers every request, and echoes
 * what it holds of a key to the others, which keep a copy. Reads and writes are linearizable, for all go through that
 * one node; while it is down the cluster waits for it. Its disk brings it back, so it is for nodes that have one.
 */
import {
  bool,
  bytes,
  defineProtocol,
  integerOptions,
  type Memory,
  message,
  type Node,
  type NodeId,
  Op,
  type Replica,
  type Request,
  record,
  string,
  uint53,
} from 'synod'

/** What the home holds of `key`, or a copy of that. Of two tags the higher one is the newer. */
const held = { key: string, tag: uint53, absent: bool, value: bytes }

/** Sent by the home to all others after each request. One that is lost is made up for by the next about that key. */
class Echoed extends message(held) {}

/** On the disk of whoever holds it. The home has it there before anyone hears of it: `Node` sees to that. */
class Held extends record(held) {}

const NOTHING = new Uint8Array(0)

class Echo implements Replica {
  readonly home: NodeId
  complete = true

  constructor(readonly node: Node) {
    this.home = node.cluster.at(0)
    node.register({ Echoed }, this, { Held })
  }

  /** Only the home's memory counts. What another one forgot were copies. */
  onStart(memory: Memory): void {
    if (memory !== 'lost') return
    if (this.node.id === this.home) this.complete = false
    else this.node.regain()
  }

  onRequest(request: Request): void {
    const { node } = this
    const { op, key, value } = request.command
    if (node.id !== this.home) node.forward(this.home, request)
    else if (!this.complete) node.refuse(request, 'unavailable', 'the home has lost the state')
    else if (op !== Op.get && op !== Op.put && op !== Op.delete) node.refuse(request, 'unsupported', 'no such command')
    else if (request.take()) {
      const before = node.store.get(key)
      if (op !== Op.get) this.#hold(key, node.ballots.next(before.version, node.id), op === Op.put ? value : null)
      const now = node.store.get(key)
      const { version: tag } = now
      node.multicast(node.peers, Echoed, { key, tag, absent: now.value === null, value: now.value ?? NOTHING })
      node.reply(request, { value: before.value, version: tag, effect: 'done' }, null)
    }
  }

  onEchoed({ key, tag, absent, value }: Echoed, from: NodeId): void {
    if (from === this.home && tag > this.node.store.get(key).version) this.#hold(key, tag, absent ? null : value)
  }

  recoverHeld({ key, tag, absent, value }: Held): void {
    this.node.store.set(key, absent ? null : value, tag)
  }

  #hold(key: string, tag: number, value: Uint8Array | null): void {
    this.node.persist(Held, { key, tag, absent: value === null, value: value ?? NOTHING })
    this.node.store.set(key, value, tag)
  }

  status() {
    const { complete: ready, home } = this
    const reason = ready ? 'serves' : 'has lost the state'
    return { ready, reason, leader: null, ballot: 0, executed: null, home: home.name }
  }
}

export default defineProtocol({
  name: 'echo',
  paper: 'none: an example',
  consistency: 'linearizable',
  sessions: 'none',
  compareAndSet: false,
  options: (given) => integerOptions('protocols.echo', {}, given),
  progress: (alive, { cluster }) => alive.includes(cluster.at(0)),
  create: (node) => new Echo(node),
})
