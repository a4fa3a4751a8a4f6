/**
 * The smallest protocol: the first member puts all commands in order, and the others repeat what it did. Reads and
 * writes are linearizable, for all go through that one node. Nothing else is promised: when it is gone the cluster
 * stops for good, and a member that misses a message stays behind.
 */
import {
  Command,
  defineProtocol,
  integerOptions,
  type Memory,
  message,
  type Node,
  type NodeId,
  nested,
  type Replica,
  type Request,
  uint53,
} from '#core'

/** Sent by the sequencer to the others: the command that it has executed as number `slot`. */
class Ordered extends message({ slot: uint53, command: nested(Command) }) {}

class Sequencer implements Replica {
  executed = 0
  complete = true
  readonly leader: NodeId

  constructor(readonly node: Node) {
    this.leader = node.cluster.at(0)
    node.register({ Ordered }, this)
  }

  /** Nothing is kept on disk: a node that comes back has lost the state, and says so instead of serving an older one. */
  onStart(memory: Memory): void {
    this.complete = memory === 'blank'
  }

  onRequest(request: Request): void {
    if (this.node.id !== this.leader) this.node.forward(this.leader, request)
    else if (!this.complete) this.node.refuse(request, 'unavailable', 'the sequencer has lost the state')
    else if (request.take()) {
      this.node.multicast(this.node.peers, Ordered, { slot: this.executed++, command: request.command })
      this.node.reply(request, this.node.execute(request.command), null)
    }
  }

  onOrdered(m: Ordered, from: NodeId): void {
    if (from !== this.leader || m.slot !== this.executed) return
    this.executed += 1
    this.node.execute(m.command)
  }

  status() {
    const { complete: ready, leader, executed } = this
    return { ready, reason: ready ? 'in order' : 'has lost the state', leader, executed, ballot: 0 }
  }
}

export default defineProtocol({
  name: 'sequencer',
  paper: 'none: an example',
  consistency: 'linearizable',
  sessions: 'none',
  compareAndSet: false,
  options: (given) => integerOptions('protocols.sequencer', {}, given),
  progress: (alive, { cluster }) => alive.includes(cluster.at(0)),
  create: (node) => new Sequencer(node),
})
