/** `server`: one node of a cluster, or with `-sim` all of them in this process. */
import { protocols } from '../protocols/index.ts'
import { type Config, isLoopback, nearest, parseHttpAddress, parsePeerAddress } from '../src/config/index.ts'
import { Cluster, type NodeId, type Protocol, type ReadMode, SynodError } from '../src/index.ts'
import { readConfig } from '../src/runtime/config-file.ts'
import { InProcessHub } from '../src/runtime/in-process-transport.ts'
import { say } from '../src/runtime/log-output.ts'
import { openLog } from '../src/runtime/logger.ts'
import { joinCluster } from '../src/runtime/remote-config.ts'
import { openStorage } from '../src/runtime/storage/open.ts'
import { COMMON, exitCodeOf, HelpRequest, onSignals, parseFlags, READ, report, run } from './flags.ts'
import { Host } from './host.ts'
import { explainOptions, listProtocols, loadProtocol, optionsOf } from './protocols.ts'

/** How long an orderly end may take before the process just ends. */
const CLOSE_MS = 4500

const ONLY_DEFAULT = 'no protocol here has it yet: anything but the default is refused'

/** Flags of Paxi's server for what no protocol here does yet: taken at their defaults, as scripts pass them. */
const PAXI_FLAGS = {
  adaptive: { type: 'boolean', default: true, describe: ONLY_DEFAULT },
  fz: { type: 'integer', default: 0, describe: ONLY_DEFAULT },
  ReplyWhenCommit: { type: 'boolean', default: false, describe: ONLY_DEFAULT },
  groups: { type: 'integer', default: 5, describe: ONLY_DEFAULT },
  mid: { type: 'string', default: '2.1', describe: ONLY_DEFAULT },
  wankeeper_mid: { type: 'string', default: '2.1', describe: ONLY_DEFAULT },
} as const

const PROGRAM = {
  name: 'server',
  usage: '-id 1.1 [flags]',
  flags: {
    ...COMMON,
    sim: { type: 'boolean', describe: 'run every configured node in this process' },
    list: { type: 'boolean', describe: 'print the algorithms and exit' },
    storage: {
      type: 'string',
      describe: 'memory, or a directory with a folder for each node (default: as configured)',
    },
    bootstrap: { type: 'boolean', describe: 'start a new cluster with a majority, if not all nodes are there' },
    read: READ,
    ephemeral_leader: {
      type: 'boolean',
      describe: 'paxos: whoever gets a request campaigns, instead of sending it on',
    },
    insecure: { type: 'boolean', describe: 'listen beyond loopback without a shared secret' },
    ...PAXI_FLAGS,
  },
} as const

type ServerFlags = ReturnType<typeof parseFlags<(typeof PROGRAM)['flags']>>['flags']

async function main(): Promise<number | undefined> {
  const { flags: asked, given } = await parse()
  if (asked.list) {
    process.stdout.write(await listProtocols())
    return 0
  }
  refuseUnsupported(asked)
  const hosts: Host[] = []
  let ending = false
  /** The data directory that is being opened: its threads hold up the process's end. */
  let opening: Promise<unknown> | null = null
  // From the first moment: whoever waits for a master, or reads its records, can be told to end.
  onSignals((code) => {
    ending = true
    setTimeout(() => endNow(opening !== null || hosts.some(({ waitsForDisk }) => waitsForDisk), code), CLOSE_MS).unref()
    void Promise.all([opening?.catch(() => {}), ...hosts.map((host) => host.close(!asked.sim))]).then(
      () => process.exit(code),
      () => process.exit(1),
    )
  })
  const config = await configOf(asked)
  // From here on errors name where the configuration came from.
  const flags = asked.master === '' ? asked : { ...asked, config: `master ${asked.master}` }
  const cluster = new Cluster(Object.keys(config.address))
  const ids = flags.sim ? cluster.members : [memberOf(cluster, flags.id, flags.config)]
  const overUdp = takersOfDatagrams(config, cluster, flags, given.has('transport'))
  for (const id of ids) refuseExposure(config, id, flags)
  const protocol = await loadProtocol(flags.algorithm)
  const { read } = flags
  refuseUnknownPath(read, protocol)
  const flagged = flaggedOf(flags, protocol)
  refuseUnknownProtocols(config, protocol, flags.config)
  const options = optionsOf(config, protocol, flags.config, flagged)
  const name = flags.sim ? 'server.sim' : `server.${flags.id}`
  const log = openLog({ level: flags.log_level, directory: flags.log_dir, name })
  const hub = flags.sim || flags.transport === 'chan' ? new InProcessHub() : null
  for (const id of ids) {
    const nodeLog = log.child({ node: id.name })
    const onFailure = (error: unknown) => {
      const reason = report(error)
      nodeLog.error('stopped', { error: reason })
      if (log.losing) say(reason)
      process.exit(exitCodeOf(error))
    }
    const place = flags.storage ?? config.storage
    const owner = ownerOf(config, cluster, id, protocol)
    const opened = openStorage(place, owner, config.limits.log_bytes, nodeLog)
    opening = opened
    const storage = await opened
    opening = null
    const { bootstrap } = flags
    const parts = { config, cluster, id, protocol, options, storage, hub, overUdp, log: nodeLog, onFailure }
    hosts.push(new Host({ ...parts, bootstrap, read }))
  }
  if (!ending) await Promise.all(hosts.map((host) => host.open()))
  return undefined
}

/**
 * Ends what did not end in order. Node waits for its threads, and these for a disk that is slow or hangs: then only a signal
 * helps.
 */
function endNow(usesDisk: boolean, code: number): void {
  if (usesDisk) {
    say('the disk is not done: killed with its last work under way')
    process.kill(process.pid, 'SIGKILL')
  }
  process.exit(code)
}

/** The flags; who asks for help gets the options of protocols, too. */
async function parse() {
  try {
    return parseFlags(PROGRAM, process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof HelpRequest)) throw error
    throw new HelpRequest(error.message + (await explainOptions(error.before.get('algorithm'))))
  }
}

/** The configuration, from its file or from a master; there this node joins, and waits for all others. */
async function configOf({ config, master, id }: ServerFlags): Promise<Config> {
  if (master === '') return readConfig(config)
  if (id === undefined) throw new SynodError('usage', '-id is missing: the master needs to know which node this is')
  return joinCluster(master, id, (sentence) => process.stderr.write(`${sentence}\n`))
}

function memberOf(cluster: Cluster, id: string | undefined, where: string): NodeId {
  if (id === undefined)
    throw new SynodError('usage', '-id is missing: which node of the config is this, such as -id 1.1')
  const member = cluster.find(id)
  if (!member) {
    const names = cluster.members.map(({ name }) => name)
    throw new SynodError('usage', `-id ${id}: there is no such node in ${where}, which has ${names.join(', ')}`)
  }
  return member
}

/** Whose records a node's data directory holds. */
function ownerOf(
  { cluster: name }: Config,
  { members }: Cluster,
  { name: node }: NodeId,
  { name: algorithm }: Protocol,
) {
  return { cluster: name, members: members.map((member) => member.name), node, algorithm }
}

function refuseUnsupported(flags: ServerFlags): void {
  if (flags.master !== '' && flags.sim)
    throw new SynodError('usage', '-master gathers single nodes; -sim runs all of a file')
  if (flags.transport === 'chan' && !flags.sim) throw new SynodError('usage', '-transport chan: needs -sim')
  for (const [name, { default: usual }] of Object.entries(PAXI_FLAGS)) {
    const value = flags[name as keyof typeof PAXI_FLAGS]
    if (value !== usual) throw new SynodError('usage', `-${name} ${value}: no protocol here takes it yet`)
  }
  if (flags.storage === '') throw new SynodError('usage', '-storage: memory, or a directory')
}

function refuseUnknownPath(read: ReadMode, { name, reads = [] }: Protocol): void {
  if (read === '' || reads.includes(read)) return
  const known = reads.length > 0 ? `; it has ${reads.join(', ')}` : ': all its reads take one path'
  throw new SynodError('usage', `-read ${read}: ${name} has no such reads${known}`)
}

/**
 * The nodes that take datagrams: where an address has a scheme it means that transport, unless `-transport` is given, which
 * holds for all.
 */
function takersOfDatagrams(
  { address }: Config,
  cluster: Cluster,
  { sim, transport, config: where }: ServerFlags,
  forAll: boolean,
): ReadonlySet<NodeId> {
  const takers = new Set<NodeId>()
  if (sim) return takers
  for (const member of cluster.members) {
    const { scheme } = parsePeerAddress(address[member.name]!)
    const meant = forAll || scheme === '' ? transport : scheme
    if (scheme === 'chan') throw new SynodError('config', `${where}: address.${member.name}: chan needs -sim`)
    if (meant === 'udp') takers.add(member)
  }
  return takers
}

/** Whoever reaches a port without a secret is a node of the cluster; so such ports are for this machine only. */
function refuseExposure(config: Config, { name }: NodeId, { insecure, sim, config: where }: ServerFlags): void {
  if (insecure || config.secret !== undefined) return
  const hosts = [
    ['address', parsePeerAddress(config.address[name]!).host],
    ['http_address', parseHttpAddress(config.http_address[name]!).host],
  ] as const
  for (const [key, host] of hosts) {
    // The nodes of one process open no port for each other.
    if (isLoopback(host) || (sim && key === 'address')) continue
    throw new SynodError(
      'config',
      `${where}: ${key}.${name}: ${host} is beyond loopback; set a secret, or pass -insecure`,
    )
  }
}

/** What the command line says of the protocol's options. @throws SynodError `usage` where it does not take that */
function flaggedOf({ ephemeral_leader }: ServerFlags, { name, switches = [] }: Protocol) {
  if (!ephemeral_leader) return {}
  if (!switches.includes('ephemeral_leader')) {
    throw new SynodError('usage', `-ephemeral_leader: ${name} does not take it`)
  }
  return { ephemeral_leader: 1 }
}

/** Options of a protocol that does not exist are an error, or typing errors would pass. */
function refuseUnknownProtocols({ protocols: given }: Config, { name: own }: Protocol, where: string): void {
  const known = [...Object.keys(protocols), own]
  for (const name of Object.keys(given)) {
    if (known.includes(name.toLowerCase())) continue
    const guess = nearest(name, known)
    const hint = guess ? `; the nearest is ${guess}` : ''
    throw new SynodError('config', `${where}: protocols.${name}: there is no such algorithm${hint}`)
  }
}

await run(main)
