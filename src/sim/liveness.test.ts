/** The liveness phase finds a node that gets what it has missed only when something new is written. */
import { describe, expect, it } from 'vitest'
import { toy } from '../../test/support/toy.ts'
import { Command, message, type Node, type NodeId, nested, type Replica, type Request, uint53 } from '../index.ts'
import { run } from './index.ts'

class Ordered extends message({ slot: uint53, command: nested(Command) }) {}
class Missing extends message({ from: uint53 }) {}

/** One member orders, and sends again what another has missed, which that notices by the next command alone. */
class Laggard implements Replica {
  readonly log: Command[] = []
  readonly leader: NodeId

  constructor(readonly node: Node) {
    this.leader = node.cluster.at(0)
    node.register({ Ordered, Missing }, this)
  }

  onStart(): void {}

  onRequest(request: Request): void {
    if (this.node.id !== this.leader) this.node.forward(this.leader, request)
    else if (request.take()) {
      this.node.multicast(this.node.peers, Ordered, { slot: this.log.length, command: request.command })
      this.log.push(request.command)
      this.node.reply(request, this.node.execute(request.command), null)
    }
  }

  onOrdered({ slot, command }: Ordered): void {
    if (slot > this.log.length) this.node.send(this.leader, Missing, { from: this.log.length })
    if (slot !== this.log.length) return
    this.log.push(command)
    this.node.execute(command)
  }

  onMissing({ from: first }: Missing, from: NodeId): void {
    for (const [index, command] of this.log.slice(first).entries()) {
      this.node.send(from, Ordered, { slot: first + index, command })
    }
  }

  status() {
    return { ready: true, reason: '', leader: this.leader, ballot: 0, executed: this.log.length }
  }
}

describe('a quiet end', () => {
  const failed = (sessions: 'none' | 'log') =>
    Array.from({ length: 12 }, (_, seed) => {
      const protocol = { ...toy((node) => new Laggard(node)), sessions }
      return run({ protocol, seed, layout: '1x3', faults: ['drop', 'partition-pair'], durable: false }).violation
    }).filter((violation) => violation !== null)

  it('finds who waits for the next write', () => {
    const violations = failed('log')
    expect(violations.length).toBeGreaterThan(0)
    expect(violations.every(({ message }) => message.includes('did not converge'))).toBe(true)
  })

  it('demands nothing where there is no log', () => expect(failed('none')).toEqual([]))
})
