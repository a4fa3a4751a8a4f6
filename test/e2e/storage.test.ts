/** Servers with data directories: what was acknowledged outlives the death of all of them, and nobody else's is used. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { type Program, still, temporaryDirectory, until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'
import { Load } from './load.ts'

const THREE = ['1.1', '1.2', '1.3']

/** The last file of a node's log. */
function lastFile(directory: string, id: string): string {
  const numbers = readdirSync(join(directory, id)).flatMap((name) =>
    /^log-\d+$/.test(name) ? [Number(name.slice(4))] : [],
  )
  return join(directory, id, `log-${Math.max(...numbers)}`)
}

/** Ends by itself, with this code and these words on its last line. */
async function expectEnd(program: Program, code: number, words: RegExp): Promise<void> {
  await until('the server has ended', () => !program.running)
  const finished = await program.ended
  expect(finished).toMatchObject({ code, signal: null, stdout: '' })
  expect(finished.stderr.trimEnd().split('\n').at(-1)).toMatch(words)
}

test.each(['paxos', 'abd'])(
  'kill -9 of all under load, %s: every acknowledged write is there again',
  async (algorithm) => {
    const directory = temporaryDirectory()
    const cluster = await RealCluster.create(THREE, { storage: directory })
    await cluster.startAll('-algorithm', algorithm)
    const load = new Load(cluster.nodes, { workers: 8, keys: 20 })
    try {
      for (let round = 1; round <= 2; round++) {
        await until(`${200 * round} writes`, () => load.acknowledged.length >= 200 * round)
        for (const id of THREE) cluster.program(id).signal('SIGKILL')
        await Promise.all(THREE.map((id) => cluster.program(id).ended))
        for (const id of THREE) cluster.start(id, '-algorithm', algorithm)
        await cluster.ready()
        for (const id of THREE) {
          expect((await cluster.state(id)).memory).toBe('kept')
          expect(cluster.program(id).stderr).toContain('"msg":"recovered"')
        }
      }
      const before = load.acknowledged.length
      await until('writes after the last restart', () => load.acknowledged.length > before + 50)
      await load.stop()
      // Once more, with nothing under way: now every key must have its last value.
      for (const id of THREE) await cluster.kill(id)
      for (const id of THREE) cluster.start(id, '-algorithm', algorithm)
      await cluster.ready()
      for (const id of THREE) await until(`${id} reads`, () => load.readAll(id).then(() => true))
    } finally {
      await load.close()
    }
    const { verdict, evidence } = load.judge()
    expect(verdict, evidence).toBe('linearizable')
    const dead = (error: unknown) => /ECONNREFUSED|ECONNRESET|other side closed|socket/i.test(String(error))
    expect(load.surprises.filter((error) => !dead(error))).toEqual([])
  },
)

test('with -sim each node has its own folder, and an end by SIGTERM loses nothing', async () => {
  const directory = temporaryDirectory()
  const cluster = await RealCluster.create(THREE)
  cluster.start('1.1', '-sim', '-storage', directory)
  await cluster.ready(THREE)
  expect((await cluster.ask('1.2', 'PUT', '/5', 'five')).status).toBe(200)
  cluster.program('1.1').signal('SIGTERM')
  expect((await cluster.program('1.1').ended).code).toBe(0)
  expect(readdirSync(directory).sort()).toEqual(THREE)
  for (const id of THREE) expect(readdirSync(join(directory, id)).sort()).toEqual(['log-1', 'manifest', 'mark'])
  cluster.start('1.1', '-sim', '-storage', directory)
  await cluster.ready(THREE)
  expect((await cluster.ask('1.3', 'GET', '/5')).body).toBe('five')
})

test('what cannot be used is refused in one line, and stays as it is', async () => {
  const directory = temporaryDirectory()
  const cluster = await RealCluster.create(['1.1', '1.2'], { cluster: 'one', storage: directory })
  await cluster.startAll()
  expect((await cluster.ask('1.1', 'PUT', '/5', 'five')).status).toBe(200)

  // Another process: its ports are free, the directory is not.
  const other = await RealCluster.create(['1.1', '1.2'], { cluster: 'one', storage: directory })
  await expectEnd(other.start('1.1'), 1, /1\.1: held by another process$/)

  await cluster.kill('1.1')
  await expectEnd(
    other.start('1.1', '-algorithm', 'abd'),
    2,
    /manifest: the records of algorithm paxos, not abd; another -storage/,
  )
  const third = await RealCluster.create(['1.1', '1.2', '1.3'], { cluster: 'one', storage: directory })
  await expectEnd(
    third.start('1.1'),
    2,
    /manifest: the records of members 1\.1 1\.2, not 1\.1 1\.2 1\.3; another -storage/,
  )
  const namesake = await RealCluster.create(['1.1', '1.2'], { cluster: 'two', storage: directory })
  await expectEnd(namesake.start('1.1'), 2, /manifest: the records of cluster one, not two; another -storage/)
  const file = join(temporaryDirectory(), 'file')
  writeFileSync(file, '')
  await expectEnd(other.start('1.1', '-storage', file), 2, /1\.1: a part of the path is no directory/)

  cluster.start('1.1')
  await cluster.ready()
  expect((await cluster.ask('1.2', 'GET', '/5')).body).toBe('five')
})

test('a node alone has nobody to give back what is damaged: refused in one line, and left as it is', async () => {
  const directory = temporaryDirectory()
  const cluster = await RealCluster.create(['1.1'], { storage: directory })
  await cluster.startAll()
  expect((await cluster.ask('1.1', 'PUT', '/5', 'five')).status).toBe(200)
  // The mark lags: what it does not know of may be cut off.
  await still(() => readFileSync(join(directory, '1.1', 'mark')))
  await cluster.kill('1.1')
  const log = lastFile(directory, '1.1')
  const whole = readFileSync(log)
  const end = whole.length
  writeFileSync(log, whole.with(end - 13, whole[end - 13]! ^ 4))
  await expectEnd(cluster.start('1.1'), 1, /log-1, byte \d+: a batch of \d+ bytes does not match its checksum$/)
  truncateSync(log, end - 60)
  await expectEnd(cluster.start('1.1'), 1, /log-1, byte \d+: the log ends here, but is acknowledged up to byte \d+$/)
  expect(readFileSync(log).length).toBe(end - 60)
  writeFileSync(log, whole)
  cluster.start('1.1')
  await cluster.ready()
  expect((await cluster.ask('1.1', 'GET', '/5')).body).toBe('five')
})

/** Damages a byte of the last record in the log of a node that has ended. */
function hurt(directory: string, id: string): void {
  const path = lastFile(directory, id)
  const bytes = readFileSync(path)
  writeFileSync(path, bytes.with(bytes.length - 13, bytes[bytes.length - 13]! ^ 4))
}

test('a damaged node says so, abstains, repairs itself from a quorum of the others, and keeps that', async () => {
  const directory = temporaryDirectory()
  const cluster = await RealCluster.create(THREE, { storage: directory })
  await cluster.startAll()
  expect((await cluster.ask('1.1', 'PUT', '/5', 'five')).status).toBe(200)
  await cluster.kill('1.2')
  await until('a write without 1.2', async () => (await cluster.ask('1.1', 'PUT', '/6', 'six')).status === 200)
  for (const id of ['1.1', '1.3']) await cluster.kill(id)
  hurt(directory, '1.3')
  // Killed before anybody can tell it anything, it still knows that it is not new.
  for (let life = 0; life < 2; life++) {
    cluster.start('1.3')
    const { memory, reason, damage } = await until('1.3 tells', () => cluster.state('1.3'))
    expect([memory, reason]).toEqual([null, 'has forgotten; waiting for a node that remembers the cluster'])
    expect(damage).toMatch(/log-1, byte \d+: a batch of \d+ bytes does not match its checksum$/)
    const lines = cluster
      .program('1.3')
      .stderr.split('\n')
      .filter((line) => line.includes('"msg":"damaged"'))
    // Told again, for nothing has been recorded since.
    expect(lines).toEqual([expect.stringMatching(/1\.3\/damaged-1"/)])
    if (life === 0) await cluster.kill('1.3')
  }
  // The one that missed the write and the one that forgot it are no quorum.
  cluster.start('1.2')
  await until('1.3 knows the cluster', async () => (await cluster.state('1.3')).memory === 'lost')
  expect(await cluster.state('1.3')).toMatchObject({ ready: false, voting: false, reason: 'forgot its votes' })
  expect((await cluster.ask('1.2', 'GET', '/6')).status).toBe(503)
  cluster.start('1.1')
  await until('1.3 votes again', async () => {
    const { memory, voting } = await cluster.state('1.3')
    return memory === 'kept' && voting
  })
  expect((await cluster.state('1.3')).damage).toBeUndefined()
  // It is as good as 1.1 now, also after a restart, and says of itself what any other would.
  for (const id of THREE) await cluster.kill(id)
  cluster.start('1.3')
  const again = await until('1.3 tells', () => cluster.state('1.3'))
  expect([again.memory, again.reason, again.damage]).toEqual([null, 'waiting for 1.1, 1.2', undefined])
  cluster.start('1.2')
  const { body } = await until('1.2 reads', async () => {
    const answer = await cluster.ask('1.2', 'GET', '/6')
    return answer.status === 200 && answer
  })
  expect(body).toBe('six')
  expect(readdirSync(join(directory, '1.3')).filter((name) => name.startsWith('damaged'))).toEqual(['damaged-1'])
})

test('a damaged majority stops the cluster, which says so, and so does one that is damaged altogether', async () => {
  const directory = temporaryDirectory()
  const cluster = await RealCluster.create(THREE, { storage: directory })
  await cluster.startAll()
  expect((await cluster.ask('1.1', 'PUT', '/5', 'five')).status).toBe(200)
  for (const id of THREE) await cluster.kill(id)
  for (const id of ['1.1', '1.2']) hurt(directory, id)
  for (const id of THREE) cluster.start(id)
  for (const id of ['1.1', '1.2']) {
    await until(`${id} knows`, async () => (await cluster.state(id)).memory === 'lost')
    expect((await cluster.ask(id, 'GET', '/health/ready')).body).toContain('forgot its votes')
  }
  const vain = 'state lost at 1.1, 1.2; no majority remembers the cluster'
  await until('1.3 knows that it waits in vain', async () => (await cluster.state('1.3')).reason === vain)
  expect(cluster.program('1.3').stderr.match(/"members":\["1.1","1.2"\],"msg":"majority lost"/g)).toHaveLength(1)
  expect((await cluster.ask('1.3', 'GET', '/5')).status).toBe(503)
  for (const id of THREE) await cluster.kill(id)
  hurt(directory, '1.3')
  const all = join(directory, 'all')
  mkdirSync(all)
  for (const id of THREE) {
    renameSync(join(directory, id), join(all, id))
    const [kept] = readdirSync(join(all, id)).filter((name) => name === 'damaged-1')
    if (!kept) continue
    // As if its disk had failed again before it was told anything.
    rmSync(join(all, id, 'mark'))
  }
  for (const id of THREE) cluster.start(id, '-storage', all)
  for (const id of THREE) {
    await until(`${id} has set its records aside`, async () => (await cluster.state(id)).damage !== undefined)
    expect((await cluster.ask(id, 'GET', '/health/ready')).body).toContain('has forgotten')
  }
})

test('a node whose directory is gone has forgotten, and is made whole by the others', async () => {
  const directory = temporaryDirectory()
  const cluster = await RealCluster.create(THREE, { storage: directory })
  await cluster.startAll()
  expect((await cluster.ask('1.1', 'PUT', '/5', 'five')).status).toBe(200)
  await cluster.kill('1.3')
  cluster.start('1.3', '-storage', join(directory, 'elsewhere'))
  await until('1.3 has its memory back', async () => {
    const { memory, voting } = await cluster.state('1.3')
    return memory === 'kept' && voting
  })
  expect(cluster.program('1.3').stderr).toContain('memory regained')
  expect(existsSync(join(directory, 'elsewhere', '1.3', 'manifest'))).toBe(true)
  // And keeps it: all start again.
  for (const id of THREE) await cluster.kill(id)
  for (const id of ['1.1', '1.2']) cluster.start(id)
  cluster.start('1.3', '-storage', join(directory, 'elsewhere'))
  await cluster.ready()
  await cluster.kill('1.1')
  const body = await until('1.3 reads', async () => {
    const answer = await cluster.ask('1.3', 'GET', '/5')
    return answer.status === 200 && answer
  })
  expect(body.body).toBe('five')
})

test('an older image of a directory is found out by a node that missed the last write, and made good by one that has it', async () => {
  const directory = temporaryDirectory()
  const cluster = await RealCluster.create(THREE, { storage: directory })
  await cluster.startAll()
  const write = async (value: string) => expect((await cluster.ask('1.1', 'PUT', '/5', value)).status).toBe(200)
  await write('five')
  await cluster.kill('1.3')
  const image = join(temporaryDirectory(), '1.3')
  cpSync(join(directory, '1.3'), image, { recursive: true, filter: (path) => !basename(path).startsWith('lock') })
  cluster.start('1.3')
  await cluster.ready()
  const { epochs } = await cluster.state('1.3')
  await until('the others know of a later epoch', async () => {
    await write('more')
    const known = await Promise.all(['1.1', '1.2'].map((id) => cluster.state(id)))
    return known.every((state) => state.epochs['1.3']! > epochs['1.3']!)
  })
  await cluster.kill('1.2')
  await until('a write without 1.2', async () => (await cluster.ask('1.1', 'PUT', '/5', 'last')).status === 200)
  for (const id of ['1.1', '1.3']) await cluster.kill(id)
  rmSync(join(directory, '1.3'), { recursive: true })
  renameSync(image, join(directory, '1.3'))
  // The two that are there would be a majority, and neither has the last write.
  for (const id of ['1.2', '1.3']) cluster.start(id)
  await until('1.3 knows', async () => (await cluster.state('1.3')).memory === 'lost')
  expect(cluster.program('1.3').stderr).toMatch(/"msg":"older image"/)
  for (const id of ['1.2', '1.3']) expect((await cluster.ask(id, 'GET', '/5')).status).toBe(503)
  cluster.start('1.1')
  await until('1.3 votes again', async () => {
    const { memory, voting } = await cluster.state('1.3')
    return memory === 'kept' && voting
  })
  for (const id of THREE) expect((await cluster.ask(id, 'GET', '/5')).body).toBe('last')
})

test('checkpoints under load keep the directory short, and every acknowledged write is behind them', async () => {
  const directory = temporaryDirectory()
  const cluster = await RealCluster.create(THREE, { storage: directory, limits: { log_bytes: 20_000 } })
  await cluster.startAll()
  const load = new Load(cluster.nodes, { workers: 8, keys: 20 })
  try {
    const snapshot = (id: string) => readdirSync(join(directory, id)).find((name) => /^snapshot-\d+$/.test(name))
    const first = await until('a snapshot on each node', () => {
      const names = THREE.map(snapshot)
      return names.every((name) => name !== undefined) && names
    })
    await until('another one', () => THREE.every((id, index) => ![first[index], undefined].includes(snapshot(id))))
    await Promise.all(THREE.map((id) => cluster.kill(id)))
    for (const id of THREE) expect(readdirSync(join(directory, id)).length).toBeLessThan(10)
    for (const id of THREE) cluster.start(id)
    await cluster.ready()
    await load.stop()
    for (const id of THREE) await until(`${id} reads`, () => load.readAll(id).then(() => true))
  } finally {
    await load.close()
  }
  const { verdict, evidence } = load.judge()
  expect(verdict, evidence).toBe('linearizable')
})

test('a directory of another founding of the same cluster is refused by its own node, and harms no other', async () => {
  const directory = temporaryDirectory()
  const cluster = await RealCluster.create(THREE, { storage: directory })
  await cluster.startAll()
  for (const id of THREE) {
    expect((await cluster.ask(id, 'PUT', '/1', `old ${id}`)).status).toBe(200)
    await cluster.kill(id)
    cluster.start(id)
    await cluster.ready()
  }
  for (const id of THREE) await cluster.kill(id)
  for (const id of ['1.1', '1.2']) rmSync(join(directory, id), { recursive: true })
  cluster.start('1.1', '-bootstrap')
  cluster.start('1.2')
  await cluster.ready()
  expect((await cluster.ask('1.1', 'PUT', '/1', 'new')).status).toBe(200)
  await expectEnd(
    cluster.start('1.3'),
    1,
    /the records are of another founding of the cluster than those of 1\.[12], 1\.[12]/,
  )
  for (const id of ['1.1', '1.2']) {
    expect(await cluster.state(id)).toMatchObject({ ready: true, memory: 'blank' })
    expect((await cluster.ask(id, 'GET', '/1')).body).toBe('new')
  }
  rmSync(join(directory, '1.3'), { recursive: true })
  cluster.start('1.3')
  await cluster.ready()
  expect((await cluster.ask('1.3', 'GET', '/1')).body).toBe('new')
}, 60_000)
