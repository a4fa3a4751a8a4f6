/** The program `master`: waits until n nodes have joined, then hands the configuration to them and to all who ask. */
import { isLoopback } from '../src/config/index.ts'
import { createMasterServer } from '../src/http/master.ts'
import { Roster } from '../src/http/roster.ts'
import { SynodError } from '../src/index.ts'
import { readTemplate } from '../src/runtime/config-file.ts'
import { parseFlags, run } from './flags.ts'

const PROGRAM = {
  name: 'master',
  usage: '-n 3 [flags]',
  flags: {
    n: { type: 'integer', default: 1, describe: 'how many nodes the cluster has' },
    port: { type: 'integer', default: 1735, describe: 'where it listens; nodes get the ports after it' },
    http: { type: 'integer', default: 8080, describe: 'nodes serve clients on the ports after this one' },
    host: { type: 'string', default: '127.0.0.1', describe: 'the address to listen on' },
    insecure: { type: 'boolean', describe: 'listen beyond loopback: the configuration travels in the clear' },
    transport: { type: 'string', default: 'tcp', choices: ['tcp', 'udp'], describe: 'between the nodes' },
    threshold: { type: 'number', default: 3, describe: 'of the policy that moves objects' },
    thrifty: { type: 'boolean', describe: 'phase-2 messages go to one quorum first' },
    config: { type: 'string', describe: 'file with further keys of the configuration, without addresses' },
  },
  epilogue: `Nodes join with "server -id ID -master HOST:PORT"; client and cmd take -master, too.`,
} as const

const LAST_PORT = 65_535

async function main(): Promise<undefined> {
  const { flags, given } = parseFlags(PROGRAM, process.argv.slice(2))
  const { n, port, http, host, threshold, thrifty } = flags
  if (n < 1) throw new SynodError('usage', `-n ${n}: a cluster has at least one node`)
  for (const [name, first] of Object.entries({ port, http })) {
    if (first < 1 || first + n > LAST_PORT) {
      throw new SynodError('usage', `-${name} ${first}: ports run from 1 to ${LAST_PORT}, and ${n} more are needed`)
    }
  }
  // The two ranges must not meet: each node needs both of its ports.
  if (Math.abs(port - http) <= n)
    throw new SynodError('usage', `-port ${port} and -http ${http} are less than ${n + 1} apart`)
  if (!isLoopback(host) && !flags.insecure) {
    throw new SynodError(
      'usage',
      `-host ${host} is beyond loopback; pass -insecure if who can reach it may read everything`,
    )
  }
  const own = { ...(given.has('threshold') ? { threshold } : {}), ...(given.has('thrifty') ? { thrifty } : {}) }
  const template = { ...(flags.config === undefined ? {} : readTemplate(flags.config)), ...own }
  const roster = new Roster({ size: n, peerPort: port, httpPort: http, transport: flags.transport, template })
  const app = createMasterServer(roster, (id, from) => {
    const rest = roster.missing === 0 ? 'the cluster is complete' : `${roster.missing} more to come`
    process.stderr.write(`node ${id} has joined from ${from}; ${rest}\n`)
  })
  const stop = (code: number) => void app.close().then(() => process.exit(code))
  process.once('SIGTERM', () => stop(0))
  process.once('SIGINT', () => stop(130))
  await app.listen({ host, port })
  process.stderr.write(`waiting for ${n} node${n === 1 ? '' : 's'} on ${host}:${port}\n`)
  return undefined
}

await run(main)
