/** A protocol of one replica per node that does as it is told, for tests of what judges protocols. */
import { defineProtocol, type Node, type Protocol, type Replica } from '../../src/index.ts'

/** Takes what makes a replica; what that leaves out is always ready and leads. */
export function toy(create: (node: Node) => Pick<Replica, 'onRequest'> & Partial<Replica>): Protocol {
  return defineProtocol<unknown>({
    name: 'toy',
    paper: 'none',
    consistency: 'linearizable',
    sessions: 'none',
    compareAndSet: false,
    options: () => ({}),
    progress: () => true,
    create(node) {
      const replica = create(node)
      const status = () => ({ ready: true, reason: '', leader: node.id, ballot: 0, executed: 0 })
      return Object.assign(replica, { onStart: replica.onStart ?? (() => {}), status: replica.status ?? status })
    },
  })
}
