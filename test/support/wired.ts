/** Nodes on benches that share a clock, with wires between them that a test can look into and tamper with. */
import { Cluster } from '../../src/node-id.ts'
import { Bench, type BenchOptions, type Write } from './bench.ts'
import { HandClock } from './hand-clock.ts'

export class Wired {
  readonly clock = new HandClock()
  readonly cluster: Cluster
  readonly benches: Bench[]
  /** Lets a write through, or not, or twice: the number of times it arrives. */
  times: (write: Write, from: Bench) => number = () => 1

  constructor(names: readonly string[], options: BenchOptions = {}) {
    this.cluster = new Cluster(names)
    this.benches = names.map((name, index) => this.make(name, { seed: index + 1, ...options }))
  }

  /** A bench for a member, in place of any it had. */
  make(name: string, options: BenchOptions): Bench {
    return new Bench({ ...options, name, cluster: this.cluster, clock: this.clock })
  }

  /** Runs turns and carries what leaves until all is quiet. */
  settle(): void {
    for (let rounds = 0; ; rounds++) {
      if (rounds > 1000) throw new Error('messages without end')
      this.clock.settle()
      const moved = this.benches.map((bench) => ({ bench, writes: bench.writes.splice(0) }))
      if (moved.every(({ writes }) => writes.length === 0)) return
      for (const { bench, writes } of moved) for (const write of writes) this.#carry(bench, write)
    }
  }

  /** Finishes all syncs and carries all messages until nothing is left to do. */
  finish(): void {
    do {
      this.settle()
      for (const { disk } of this.benches) while (disk.inFlight > 0) disk.finish()
      this.settle()
    } while (this.benches.some(({ disk }) => disk.inFlight > 0))
  }

  /** Lets time pass in small steps, settling after each. */
  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 10) {
      this.clock.pass(10)
      this.settle()
    }
  }

  #carry(from: Bench, write: Write): void {
    const to = this.benches.find(({ node }) => node.id === write.to)!
    for (let times = this.times(write, from); times > 0; times--) {
      for (const frame of write.frames) to.node.receive(from.node.id, frame.slice())
    }
  }
}
