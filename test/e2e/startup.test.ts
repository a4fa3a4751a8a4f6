/** Starting and ending a server: what is refused, in which words and with which exit code, and what signals do. */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RawClient } from '../../src/http/testing/raw-client.ts'
import { freePorts, isFree } from '../../src/runtime/free-ports.ts'
import { type Program, requireBuilt, startFile, startProgram, temporaryDirectory, until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'
import { Load } from './load.ts'

const [PEER, HTTP] = await freePorts(2)
const GOOD = { address: { '1.1': `tcp://127.0.0.1:${PEER}` }, http_address: { '1.1': `http://127.0.0.1:${HTTP}` } }

/** The time in which a server must have ended after SIGTERM. */
const END_MS = 5000

/** The time in which one that is refused must have ended. */
const REFUSAL_MS = 8000

function configFile(config: object | string): string {
  const file = join(temporaryDirectory(), 'config.json')
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config))
  return file
}

function startOn(config: object | string, ...flags: string[]): Program {
  return startProgram('server', ['-config', configFile(config), ...flags])
}

/** Refused with this code and one line on stderr that matches; nothing on stdout, nothing listens. */
async function expectRefusal(server: Program, code: number, line: RegExp): Promise<void> {
  await until('the server has ended', () => !server.running, REFUSAL_MS)
  const finished = await server.ended
  expect(finished).toMatchObject({ code, signal: null, stdout: '', stderr: expect.stringMatching(/^[^\n]+\n$/) })
  expect(finished.stderr).toMatch(line)
  for (const port of [PEER!, HTTP!]) expect(await isFree(port)).toBe(true)
}

describe.sequential('a server that cannot start', () => {
  const two = (address: string, http: string) => ({
    address: { ...GOOD.address, '1.2': address },
    http_address: { ...GOOD.http_address, '1.2': http },
  })
  const rows: readonly [string, object | string, RegExp][] = [
    ['bad JSON', '{"address": {', /config\.json/],
    ['an empty file', '', /config\.json/],
    ['an unknown key', { ...GOOD, tresholt: 3 }, /tresholt.*threshold/],
    ['an unknown key inside', { ...GOOD, timeouts: { requestms: 3 } }, /timeouts.*requestms.*request_ms/],
    ['a duplicate address', two(GOOD.address['1.1'], 'http://127.0.0.1:2'), /address\.1\.2.*address\.1\.1/],
    ['an address taken by clients', two(`tcp://127.0.0.1:${HTTP}`, 'http://127.0.0.1:2'), /http_address\.1\.1/],
    ['an id that is a path', { address: { '../x': 'tcp://127.0.0.1:2' }, http_address: {} }, /"\.\.\/x"/],
    [
      'a node without an http address',
      { ...GOOD, address: two('tcp://127.0.0.1:2', '').address },
      /http_address.*1\.2/,
    ],
    ['a negative time', { ...GOOD, timeouts: { request_ms: -1 } }, /timeouts\.request_ms.*-1/],
    [
      'a negative time of the protocol',
      { ...GOOD, protocols: { paxos: { heartbeat_ms: -1 } } },
      /protocols\.paxos\.heartbeat_ms/,
    ],
    ['an unknown option of the protocol', { ...GOOD, protocols: { paxos: { beat: 1 } } }, /paxos.*beat/],
    ['an unknown protocol', { ...GOOD, protocols: { paxoss: {} } }, /protocols.*paxoss/],
    ['a data directory without a name', { ...GOOD, storage: '' }, /storage.*memory/],
    ['an address in the process', { ...GOOD, address: { '1.1': 'chan://x' } }, /address\.1\.1.*-sim/],
    ['a number for an address', { ...GOOD, address: { '1.1': 7 } }, /address\.1\.1/],
  ]
  test.each(rows)('%s in the configuration: exit 2, one line that names the place', async (_name, config, line) => {
    await expectRefusal(startOn(config, '-id', '1.1'), 2, line)
  })

  const PAXI_DEFAULTS = ['-adaptive', '-fz', '0', '-ReplyWhenCommit=false', '-groups', '5', '-mid', '2.1']
  const flags: readonly [string, readonly string[], RegExp][] = [
    ['a data directory without a name', ['-id', '1.1', '-storage='], /-storage/],
    ['an unknown flag', ['-id', '1.1', '-bogus'], /-bogus/],
    ['no id', [], /-id/],
    ['an id without a value', ['-id'], /-id/],
    ['an unknown id', ['-id', '1.10'], /1\.10/],
    ['an id that is a path', ['-id', '../x'], /\.\.\/x/],
    ['an unknown protocol', ['-id', '1.1', '-algorithm', 'paxoss'], /paxoss.*paxos/],
    ['a plugin that is no module', ['-id', '1.1', '-algorithm', './README.md'], /README\.md/],
    ["an option of Paxi's that nobody takes", ['-id', '1.1', '-fz', '1'], /-fz 1/],
    ['no adaptive objects, for protocols that are not there', ['-id', '1.1', '-adaptive=false'], /-adaptive false/],
    ["an unknown id behind options of Paxi's at their defaults", [...PAXI_DEFAULTS, '-id', '1.10'], /^-id 1\.10/],
    ['a read path that nobody has', ['-id', '1.1', '-read', 'follower'], /read.*leader, quorum, any.*follower/],
    ['a read path that abd does not have', ['-id', '1.1', '-algorithm', 'abd', '-read', 'quorum'], /-read quorum: abd/],
    ['a leader for abd', ['-id', '1.1', '-algorithm', 'abd', '-ephemeral_leader'], /-ephemeral_leader: abd/],
    ['a plugin that is not there', ['-id', '1.1', '-algorithm', './none.js'], /none\.js/],
    ['a word that is no flag', ['-id', '1.1', 'now'], /now/],
    ['an unknown log level', ['-id', '1.1', '-log_level', 'loud'], /log_level.*loud/],
  ]
  test.each(flags)('%s on the command line: exit 2, one line that names it', async (_name, words, line) => {
    await expectRefusal(startOn(GOOD, ...words), 2, line)
  })

  test('a file that is not there', async () => {
    await expectRefusal(startProgram('server', ['-id', '1.1', '-config', 'none.json']), 2, /none\.json/)
  })

  if (existsSync('/proc/self')) {
    test.each(['-storage', '-log_dir'])('%s where no directory can be made', async (flag) => {
      await expectRefusal(
        startOn(GOOD, '-id', '1.1', flag, '/proc/nope'),
        2,
        /^\/proc\/nope: is not there and cannot be made/,
      )
    })
  }

  test.each(['-storage', '-log_dir'])('%s at a file, below one, and where a file is in the way', async (flag) => {
    const file = configFile(GOOD)
    const start = (path: string) => startProgram('server', ['-config', file, '-id', '1.1', flag, path])
    const line = (path: string, reason: string) => new RegExp(`^${path}[^ ]*: ${reason}\\n$`)
    await expectRefusal(start(file), 2, line(file, '(a part of the path )?is no directory'))
    await expectRefusal(start(join(file, 'x')), 2, line(join(file, 'x'), 'a part of the path is no directory'))
    const directory = temporaryDirectory()
    writeFileSync(join(directory, '1.1'), '')
    mkdirSync(join(directory, 'server.1.1.log'))
    await expectRefusal(start(directory), 2, line(join(directory, ''), 'is (no directory|a directory, not a file)'))
  })

  test('a directory for a file', async () => {
    const directory = temporaryDirectory()
    const line = new RegExp(`^${directory}: is a directory, not a file\\n$`)
    await expectRefusal(startProgram('server', ['-id', '1.1', '-config', directory]), 2, line)
  })

  const open = { address: { '1.1': `tcp://0.0.0.0:${PEER}` }, http_address: { '1.1': `http://0.0.0.0:${HTTP}` } }
  test.each(['address', 'http_address'] as const)('%s beyond loopback without a secret', async (key) => {
    await expectRefusal(startOn({ ...GOOD, [key]: open[key] }, '-id', '1.1'), 2, new RegExp(`${key}\\.1\\.1.*secret`))
  })

  test.each(['peer', 'http'] as const)(
    'a taken %s port: exit 1, one line, and the other port is free',
    async (kind) => {
      const cluster = await RealCluster.create(['1.1'])
      const ports = { peer: cluster.peerPort('1.1'), http: cluster.httpPort('1.1') }
      const squatter = createServer()
      await new Promise<void>((resolve) => squatter.listen(ports[kind], '127.0.0.1', resolve))
      try {
        const { code, stdout, stderr } = await cluster.start('1.1').ended
        expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^[^\n]*EADDRINUSE[^\n]*\n$/)])
        expect(stderr).toContain(String(ports[kind]))
        expect(await isFree(kind === 'peer' ? ports.http : ports.peer)).toBe(true)
      } finally {
        await new Promise((resolve) => squatter.close(resolve))
      }
    },
  )
})

/** Sends a signal; the server must have ended in time, with this code and its ports free. */
async function expectEnd(cluster: RealCluster, id: string, signal: NodeJS.Signals, code: number): Promise<void> {
  const sentAt = performance.now()
  cluster.program(id).signal(signal)
  const finished = await cluster.program(id).ended
  expect(finished).toMatchObject({ code, signal: null })
  expect(finished.stderr).toMatch(/"msg":"closing"\}\n(?:.*\n)*.*"msg":"closed"\}\n$/)
  expect(performance.now() - sentAt).toBeLessThan(END_MS)
  for (const port of [cluster.httpPort(id), cluster.peerPort(id)]) expect(await isFree(port)).toBe(true)
}

describe.sequential('a server that is told to end', () => {
  test('SIGTERM ends it with 0, whatever connections are open', async () => {
    const cluster = await RealCluster.create(['1.1'])
    await cluster.startAll()
    const clients = Array.from({ length: 3 }, () => new RawClient(cluster.httpPort('1.1')))
    const [idle, halfHead, halfBody] = clients
    try {
      expect((await idle!.exchange('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n')).status).toBe(200)
      halfHead!.send('PUT /1 HTT')
      halfBody!.send('PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
      await expectEnd(cluster, '1.1', 'SIGTERM', 0)
    } finally {
      for (const client of clients) client.close()
    }
  })

  test('SIGINT ends it with 130', async () => {
    const cluster = await RealCluster.create(['1.1'])
    await cluster.startAll()
    await expectEnd(cluster, '1.1', 'SIGINT', 130)
  })

  test.each([
    ['server', 'SIGTERM', 0],
    ['server', 'SIGINT', 130],
    ['master', 'SIGTERM', 0],
  ] as const)('%s, %s: also while the program is still being loaded', async (name, signal, code) => {
    const directory = temporaryDirectory()
    for (const part of ['bin', 'dist/bin']) mkdirSync(join(directory, part), { recursive: true })
    copyFileSync(new URL(`../../bin/${name}`, import.meta.url), join(directory, 'bin', name))
    writeFileSync(join(directory, 'package.json'), '{"type": "module"}')
    const slow = 'process.stderr.write("loading"); await new Promise((resolve) => setTimeout(resolve, 60_000))'
    writeFileSync(join(directory, `dist/bin/${name}.js`), slow)
    const program = startFile(join(directory, 'bin', name), [], directory)
    await until('it is being loaded', () => program.stderr === 'loading')
    program.signal(signal)
    expect(await program.ended).toMatchObject({ code, signal: null })
  })

  test('a signal that comes as the program takes over from its loader is not lost', async () => {
    requireBuilt()
    const directory = temporaryDirectory()
    for (const part of ['bin', 'dist/bin']) mkdirSync(join(directory, part), { recursive: true })
    copyFileSync(new URL('../../bin/server', import.meta.url), join(directory, 'bin/server'))
    writeFileSync(join(directory, 'package.json'), '{"type": "module"}')
    const flags = new URL('../../dist/bin/flags.js', import.meta.url).href
    const lines = [
      `import { onSignals } from '${flags}'`,
      "process.kill(process.pid, 'SIGTERM')",
      'onSignals((code) => process.exit(40 + code))',
      'setTimeout(() => process.exit(1), 10_000)',
    ]
    writeFileSync(join(directory, 'dist/bin/server.js'), lines.join('\n'))
    expect(await startFile(join(directory, 'bin/server'), [], directory).ended).toMatchObject({ code: 40 })
  })

  test('what is not built says how to', async () => {
    const directory = temporaryDirectory()
    mkdirSync(join(directory, 'bin'))
    writeFileSync(join(directory, 'package.json'), '{"type": "module"}')
    for (const name of ['server', 'client', 'cmd', 'master', 'checker', 'sim', 'explore']) {
      copyFileSync(new URL(`../../bin/${name}`, import.meta.url), join(directory, 'bin', name))
      const stderr = `${name}: not built yet; run "npm run setup" first\n`
      expect(await startFile(join(directory, 'bin', name), [], directory).ended).toMatchObject({ code: 1, stderr })
    }
  })

  test.each([
    ['', []],
    [', also when it is told so again and again', ['SIGTERM', 'SIGINT', 'SIGTERM']],
  ] as const)('SIGTERM ends it while it waits for the others%s', async (_again, repeats) => {
    const cluster = await RealCluster.create(['1.1', '1.2', '1.3'])
    cluster.start('1.1')
    await until('1.1 is alive', async () => (await cluster.ask('1.1', 'GET', '/health')).status === 200)
    const client = new RawClient(cluster.httpPort('1.1'))
    try {
      // Both in one write: when the first is answered, the second waits inside the node for the cluster to start.
      const write = 'PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx'
      expect((await client.exchange(`GET /health HTTP/1.1\r\nHost: a\r\n\r\n${write}`)).status).toBe(200)
      const pending = client.response()
      const ended = expectEnd(cluster, '1.1', 'SIGTERM', 0)
      await until('it closes', () => cluster.program('1.1').stderr.includes('"msg":"closing"'))
      for (const signal of repeats) cluster.program('1.1').signal(signal)
      await ended
      expect((await pending).status).toBe(503)
    } finally {
      client.close()
    }
  })

  test.each(['leader', 'follower'] as const)(
    'SIGTERM ends a %s under load; nothing acknowledged is lost',
    async (which) => {
      const cluster = await RealCluster.create(['1.1', '1.2', '1.3'])
      await cluster.startAll()
      const leader = await cluster.leader()
      const id = which === 'leader' ? leader : cluster.ids.find((name) => name !== leader)!
      const load = new Load(cluster.nodes)
      try {
        await until('200 writes', () => load.acknowledged.length >= 200)
        await expectEnd(cluster, id, 'SIGTERM', 0)
        const before = load.acknowledged.length
        await until('writes go on', () => load.acknowledged.length >= before + 100)
        await load.stop()
        const [survivor] = cluster.alive
        await load.readAll(survivor!)
        expect(load.judge()).toMatchObject({ verdict: 'linearizable' })
        expect(load.surprises).toEqual([])
      } finally {
        await load.close()
      }
    },
  )
})
