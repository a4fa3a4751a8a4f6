/** In which order the node is shown the requests of one connection, and what waits for which. */
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, it, test } from 'vitest'
import { Connection } from './connection.ts'
import type { HttpOptions } from './server.ts'
import { FakeGateway } from './testing/fake-gateway.ts'
import type { RawClient } from './testing/raw-client.ts'
import { request, startServer, type TestServer } from './testing/test-server.ts'

const BESIDE = { Read: 'quorum' }

let holder: FakeGateway | null = null

// Before its server closes, which waits for what is in the node.
afterEach(() => holder?.release())

/** A server whose node answers nothing until `release`; `shown` names what it was shown. */
async function holding(options: HttpOptions = {}, order = true) {
  const gateway = new FakeGateway()
  gateway.offers = { ...gateway.offers, order }
  gateway.held = []
  holder = gateway
  const server = await startServer({ closeGraceMs: 5000, ...options }, gateway)
  const shown = () => gateway.submitted.map(({ key }) => key)
  /** Answers what the node was shown so far. */
  const answer = () => {
    for (const give of gateway.held!.splice(0)) give()
  }
  return { ...server, shown, answer }
}

/** Waits until all that was sent has been read. */
async function settled({ once }: TestServer): Promise<void> {
  for (let round = 0; round < 5; round++) await once(request('GET /health'))
}

async function bodies(one: RawClient, count: number): Promise<string[]> {
  const all = []
  for (let at = 0; at < count; at++) all.push((await one.response()).body.toString())
  return all
}

describe('where there is a log', () => {
  test.each([
    ['its header', { Read: 'quorum' }, ''],
    ['the header any', { Read: 'any' }, ''],
    ['the flag of the server', {}, 'quorum'],
  ] as const)('a read that goes beside it by %s finds the write before it', async (_, headers, usual) => {
    const server = await holding()
    const { gateway, client, shown, answer } = server
    gateway.read = usual
    const one = client()
    one.send(request('PUT /1', {}, 'a') + request('GET /1', headers))
    await settled(server)
    expect(shown()).toEqual(['1'])
    answer()
    await expect.poll(shown).toEqual(['1', '1'])
    answer()
    expect(await bodies(one, 2)).toEqual(['', 'a'])
  })

  it('does not show a read beside it the write behind that', async () => {
    const server = await holding()
    const { client, shown, answer } = server
    const one = client()
    one.send(request('GET /1', BESIDE) + request('GET /2', BESIDE) + request('PUT /2', {}, 'a') + request('GET /3'))
    await settled(server)
    expect(shown()).toEqual(['1', '2'])
    answer()
    await expect.poll(shown).toEqual(['1', '2', '2', '3'])
    answer()
    expect(await bodies(one, 4)).toEqual(['', '', '', ''])
  })

  test.each([
    ['through it', request('PUT /1', {}, 'a') + request('GET /1') + request('GET /1', { Read: 'log' })],
    ['beside it', request('GET /1', BESIDE) + request('GET /1', { Read: 'any' }) + request('GET /1', BESIDE)],
  ])('what goes %s waits for nothing', async (_, requests) => {
    const { client, shown } = await holding()
    client().send(requests.repeat(20))
    // As many as are read of a new connection.
    await expect.poll(() => shown().length).toBeGreaterThanOrEqual(31)
  })
})

test('where there is none a write waits for all before it, a read for writes only', async () => {
  const server = await holding({}, false)
  const { client, shown, answer } = server
  const one = client()
  const write = (key: number) => request(`PUT /${key}`, {}, 'a')
  const read = (key: number) => request(`GET /${key}`)
  one.send(write(1) + write(2) + read(3) + read(4) + write(5) + read(6))
  const steps = [['1'], ['2'], ['3', '4'], ['5'], ['6']]
  for (let at = 1; at <= steps.length; at++) {
    await settled(server)
    expect(shown()).toEqual(steps.slice(0, at).flat())
    answer()
  }
  await bodies(one, 6)
})

describe('a request that waits for those before it', () => {
  /** A write is in the node, and a read behind it waits. */
  async function waiting(options: HttpOptions = {}) {
    const server = await holding(options)
    const one = server.client()
    one.send(request('PUT /1', {}, 'a') + request('GET /1', BESIDE))
    await settled(server)
    expect(server.shown()).toEqual(['1'])
    return { ...server, one }
  }

  it('holds up nobody else, and is held up by nobody else', async () => {
    const { client, shown, gateway } = await waiting()
    const other = client()
    other.send(request('GET /2', BESIDE))
    await expect.poll(shown).toEqual(['1', '2'])
    gateway.held!.splice(0, 1)[0]!()
    expect(shown()).toEqual(['1', '2', '1'])
  })

  it('holds up those behind it, also such as need not ask the node', async () => {
    const { one, gateway, answer, shown } = await waiting()
    one.send(request('PUT /2', {}, 'b') + request('POST /heal'))
    one.send(request('GET /3'))
    answer()
    await expect.poll(shown).toEqual(['1', '1'])
    expect(gateway.injected).toEqual([])
    answer()
    await expect.poll(shown).toEqual(['1', '1', '2', '3'])
    expect(gateway.injected).toHaveLength(1)
    answer()
    expect((await bodies(one, 5)).slice(0, 3)).toEqual(['', 'a', ''])
  })

  it('goes on behind a refusal, and where the node has a defect', async () => {
    const { one, gateway, answer, shown } = await waiting()
    gateway.refusal = { ok: false, code: 'unknown', reason: 'no answer' }
    answer()
    gateway.refusal = null
    await expect.poll(shown).toEqual(['1', '1'])
    answer()
    expect([(await one.response()).status, (await one.response()).status]).toEqual([504, 200])
    gateway.defect = new Error('a defect')
    one.send(request('PUT /1', {}, 'b') + request('GET /1', BESIDE) + request('PUT /1', {}, 'c'))
    for (let count = 0; count < 3; count++) expect((await one.response()).status).toBe(500)
  })

  it('takes its turn at the door of a node that is full', async () => {
    const server = await waiting({ patienceMs: 60_000 })
    const { one, gateway, answer, shown, client } = server
    client().send(request('GET /9'))
    await expect.poll(shown).toEqual(['1', '9'])
    gateway.room = -10
    gateway.held!.shift()!()
    await settled(server)
    expect(shown()).toEqual(['1', '9'])
    gateway.room = Number.POSITIVE_INFINITY
    answer()
    expect(shown()).toEqual(['1', '9', '1'])
    answer()
    expect(await bodies(one, 2)).toEqual(['', 'a'])
  })

  it('is not done if its client has gone away, and gives back its room', async () => {
    const { app, client, gateway, answer, once, shown } = await holding({ openLimit: 30_000 })
    const write = async () => (await once(request('PUT /3', {}, 'c'.repeat(20_000)))).status
    const gone = client()
    const closed = new Promise((resolve) => app.server.once('connection', (socket) => socket.once('close', resolve)))
    gone.send(request('GET /1', BESIDE) + request('PUT /2', {}, 'b'.repeat(20_000)))
    await expect.poll(shown).toEqual(['1'])
    // It is counted while it waits.
    await expect.poll(write).toBe(503)
    gone.socket.resetAndDestroy()
    await closed
    answer()
    gateway.held = null
    expect(await write()).toBe(200)
    expect(shown()).toEqual(['1', '3'])
  })

  it('is refused for certain when the server closes, behind the answers of those before it', async () => {
    const { app, one, answer, shown, client } = await waiting()
    const late = client()
    await late.exchange(request('GET /health'))
    const closed = app.close()
    await expect.poll(async () => (await late.exchange(request('GET /health'))).status).toBe(503)
    answer()
    const [written, read] = [await one.response(), await one.response()]
    expect([written.status, read.status, read.headers.get('connection')]).toEqual([200, 503, 'close'])
    await Promise.all([one.closed, closed])
    expect(shown()).toEqual(['1'])
  })
})

test('whatever the order of writes and reads, each read finds the last write before it', async () => {
  const { client, gateway } = await startServer()
  const { submit } = gateway
  // Reads beside the log are answered at once, all else later.
  gateway.submit = (command, read, respond) => {
    if (read === '') setImmediate(() => submit.call(gateway, command, read, respond))
    else submit.call(gateway, command, read, respond)
  }
  const one = client()
  let [sent, expected, before] = ['', [] as string[], '']
  for (let at = 0; at < 1000; at++) {
    if (at % 7 < 3) {
      sent += request('PUT /1', {}, `${at}`)
      expected.push(before)
      before = `${at}`
    } else {
      sent += request('GET /1', at % 2 === 0 ? BESIDE : {})
      expected.push(before)
    }
  }
  one.send(sent)
  expect(await bodies(one, expected.length)).toEqual(expected)
})

test('its turn at the door does not let a request pass those before it', () => {
  const connection = Connection.of(new PassThrough())
  const entered: string[] = []
  connection.enter('log')
  connection.enter('log')
  expect([connection.admits('log'), connection.admits('reads')]).toEqual([true, false])
  connection.yield(() => entered.push('read'))
  connection.wake(false)
  connection.leave()
  expect([entered, connection.unhandled]).toEqual([[], 1])
  connection.leave()
  expect([entered, connection.unhandled]).toEqual([['read'], 0])
})
