/** The program `master`: waits until n nodes have joined, then hands the configuration to them and to all who ask. */
import { accessSync, constants, existsSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { isLoopback, parseTemplate } from '../src/config/index.ts'
import { createMasterServer } from '../src/http/master.ts'
import { type Addresses, Roster } from '../src/http/roster.ts'
import { SynodError } from '../src/index.ts'
import { readConfig, readTemplate } from '../src/runtime/config-file.ts'
import { openLog } from '../src/runtime/logger.ts'
import { using } from '../src/runtime/unusable.ts'
import { COMMON, onSignals, parseFlags, run } from './flags.ts'
import { checkOptions } from './protocols.ts'

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
    roster: { type: 'string', describe: 'file that keeps the addresses handed out, for a master that starts again' },
    log_dir: COMMON.log_dir,
    log_level: COMMON.log_level,
  },
  epilogue: `Nodes join with "server -id ID -master HOST:PORT"; client and cmd take -master, too.`,
} as const

const LAST_PORT = 65_535

type MasterFlags = ReturnType<typeof parseFlags<(typeof PROGRAM)['flags']>>['flags']

async function main(): Promise<undefined> {
  const { flags, given } = parseFlags(PROGRAM, process.argv.slice(2))
  refuseUnusable(flags)
  const { port, http, host, roster: file } = flags
  const template = await templateOf(flags, given)
  const known = file !== undefined && existsSync(file) ? readConfig(file) : null
  const size = known && !given.has('n') ? Object.keys(known.address).length : flags.n
  if (known && Object.keys(known.address).length !== size)
    throw new SynodError('usage', `-n ${size}: ${file} has ${Object.keys(known.address).join(', ')}`)
  const other = Object.values(known?.address ?? {}).find((address) => !address.startsWith(`${flags.transport}://`))
  if (given.has('transport') && other)
    throw new SynodError('usage', `-transport ${flags.transport}: ${file} has ${other}`)
  // Better now than when the last node has come.
  if (file !== undefined) using(file, () => accessSync(`${dirname(file)}/`, constants.W_OK))
  const roster = new Roster({
    ...{ size, peerPort: port, httpPort: http, transport: flags.transport, template },
    ...(known ? { known: { address: known.address, http_address: known.http_address } } : {}),
    ...(file === undefined ? {} : { keep: (addresses) => writeRoster(file, addresses) }),
  })
  const log = openLog({ level: flags.log_level, directory: flags.log_dir, name: 'master' })
  const app = createMasterServer(roster, (id, from) => {
    const nodeLog = log.child({ node: id })
    nodeLog.info('joined', { from, missing: roster.missing })
  })
  onSignals((code) => void app.close().then(() => process.exit(code)))
  await app.listen({ host, port })
  const what = known ? `knows the nodes of ${file}` : `waiting for ${size} node${size === 1 ? '' : 's'}`
  process.stderr.write(`${what} on ${host}:${port}\n`)
  return undefined
}

function refuseUnusable({ n, port, http, host, insecure }: MasterFlags): void {
  if (n < 1) throw new SynodError('usage', `-n ${n}: a cluster has at least one node`)
  for (const [name, first] of Object.entries({ port, http })) {
    if (first < 1 || first + n > LAST_PORT) {
      throw new SynodError('usage', `-${name} ${first}: ports run from 1 to ${LAST_PORT}, and ${n} more are needed`)
    }
  }
  // The two ranges must not meet: each node needs both of its ports.
  if (Math.abs(port - http) <= n)
    throw new SynodError('usage', `-port ${port} and -http ${http} are less than ${n + 1} apart`)
  if (!isLoopback(host) && !insecure) {
    throw new SynodError(
      'usage',
      `-host ${host} is beyond loopback; pass -insecure if who can reach it may read everything`,
    )
  }
}

/** The keys of the configuration: those of the file, but for what the command line says. Checked before anybody joins. */
async function templateOf({ config, threshold, thrifty }: MasterFlags, given: ReadonlySet<string>) {
  const file = Object.entries(config === undefined ? {} : readTemplate(config))
  const said = Object.entries({ threshold, thrifty }).filter(([key]) => given.has(key))
  const template = Object.fromEntries([...file.filter(([key]) => !given.has(key.toLowerCase())), ...said])
  const whole = parseTemplate(template, said.map(([key, value]) => `-${key} ${value}`).join(' '))
  if (config !== undefined) await checkOptions(whole, config)
  return template
}

/** Leaves either no file or a whole one. */
function writeRoster(file: string, addresses: Addresses): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(addresses, null, 2)}\n`, { flush: true })
  renameSync(`${file}.new`, file)
}

await run(main)
