/** Multi-Paxos, for `-algorithm paxos`. */
import { defineProtocol, majority } from '#core'
import { meanings, type Options, options } from './options.ts'
import { Paxos } from './paxos.ts'

export default defineProtocol<Options>({
  name: 'paxos',
  paper: 'Lamport, Paxos Made Simple, 2001; van Renesse & Altınbüken, Paxos Made Moderately Complex, 2015',
  consistency: 'linearizable',
  sessions: 'log',
  compareAndSet: true,
  reads: ['leader', 'quorum', 'any'],
  switches: ['thrifty', 'ephemeral_leader'],
  options,
  meanings,
  simulated: () => [
    {},
    { pipeline: 2, batch: 2, retain_bytes: 1000, chunk_bytes: 16 },
    { pipeline: 4, retain_bytes: 0, chunk_bytes: 1, batch_bytes: 1 },
    { retain_bytes: 4000, chunk_bytes: 200, batch_bytes: 20 },
    { thrifty: 1 },
    { thrifty: 1, pipeline: 4, retain_bytes: 0, chunk_bytes: 200 },
    { ephemeral_leader: 1, retain_bytes: 4000 },
  ],
  progress: (alive, { cluster }) => {
    const { phase1, phase2 } = majority(cluster)
    return phase1.includes(alive) && phase2.includes(alive)
  },
  create: (node, given) => new Paxos(node, given),
})
