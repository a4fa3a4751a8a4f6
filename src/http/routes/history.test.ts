/** Long histories: written in pieces while everything else goes on, and refused where clients would not take them. */
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { put } from '../../command.ts'
import type { HttpOptions } from '../server.ts'
import { request, startServer } from '../testing/test-server.ts'

const ASK = request('GET /history?key=7')
const MIB = 1024 * 1024

/** A server that notes of each piece how long it is, and how many turns of the event loop there were before it. */
async function start(values: readonly Uint8Array[], options: HttpOptions = {}) {
  const server = await startServer(options)
  for (const value of values) server.gateway.machine.execute(put('7', value))
  const pieces: { bytes: number; turn: number }[] = []
  const responses: ServerResponse[] = []
  let turn = 0
  server.app.server.prependListener('request', (_request, response: ServerResponse) => {
    responses.push(response)
    const write = response.write.bind(response) as (chunk: string, encoding: BufferEncoding) => boolean
    response.write = ((chunk: string, encoding: BufferEncoding) => {
      pieces.push({ bytes: chunk.length, turn })
      return write(chunk, encoding)
    }) as ServerResponse['write']
    const count = () => {
      turn += 1
      if (!response.closed) setImmediate(count)
    }
    count()
  })
  return { ...server, pieces, responses }
}

function base64(values: readonly Uint8Array[]): string {
  return JSON.stringify(values.map((value) => Buffer.from(value).toString('base64')))
}

test('a long history is that of one moment, in pieces, with turns of the event loop between them', async () => {
  const values = Array.from({ length: 40 }, (_, at) => Buffer.alloc(200_000 + at, at))
  const { client, gateway, pieces } = await start(values)
  const one = client()
  one.socket.pause()
  one.send(ASK)
  await expect.poll(() => pieces.length).toBeGreaterThan(0)
  gateway.machine.execute(put('7', Buffer.from('later')))
  one.socket.resume()
  expect((await one.response()).body.toString()).toBe(base64(values))
  expect(pieces.length).toBeGreaterThan(8)
  for (const [at, { bytes, turn }] of pieces.entries()) {
    expect(bytes).toBeLessThan(2 * MIB)
    if (at > 0) expect(turn).toBeGreaterThan(pieces[at - 1]!.turn)
  }
  expect((await one.exchange(request('GET /1'))).status).toBe(200)
})

test('of many short values there are few in a piece', async () => {
  const { gateway, once, pieces } = await start([])
  const values = Array(50_000).fill(Buffer.from('a'))
  gateway.history = () => values
  expect((await once(ASK)).body.toString()).toBe(base64(values))
  expect(pieces.length).toBeGreaterThanOrEqual(5)
})

test.each([[[]], [['']], [['a']], [['ab', '', 'abc', 'abcd']]])('the history of %j has its length', async (texts) => {
  const { gateway, once } = await startServer()
  const values = texts.map((text) => Buffer.from(text))
  gateway.history = () => values
  expect((await once(ASK)).body.toString()).toBe(base64(values))
})

test('HEAD is told the length, and nothing is made', async () => {
  const { client, pieces } = await start([Buffer.alloc(3 * MIB)])
  const one = client()
  one.send(request('HEAD /history?key=7'))
  const { status, headers } = await one.response(true)
  expect([status, headers.get('content-length')]).toEqual([200, String(4 * MIB + 4)])
  expect((await one.exchange(request('GET /1'))).status).toBe(200)
  expect(pieces).toEqual([])
})

test('for a client that has gone nothing more is made, and its room is given back', async () => {
  const { gateway, client, once, pieces, responses } = await start([])
  gateway.history = () => Array(60).fill(Buffer.alloc(MIB))
  const gone = client()
  gone.socket.pause()
  gone.send(ASK)
  await expect.poll(() => pieces.length).toBeGreaterThan(0)
  gone.socket.resetAndDestroy()
  await expect.poll(() => responses[0]!.closed).toBe(true)
  const { length } = pieces
  for (let round = 0; round < 5; round++) await once(request('GET /health'))
  expect(pieces).toHaveLength(length)
  expect(length).toBeLessThan(60)
  gateway.history = () => [Buffer.alloc(60 * MIB)]
  expect((await once(request('HEAD /history?key=7'), true)).status).toBe(200)
})

test('one of more than 256 MiB is refused in one sentence, and one of 256 MiB is not', async () => {
  const { gateway, once } = await startServer()
  // Each takes its characters, two quotes, and a comma or bracket; and there is one bracket more.
  const values: Uint8Array[] = Array(255).fill(Buffer.alloc((MIB / 4) * 3))
  const rest = 2 ** 28 - 255 * (MIB + 3) - 7 - 4
  values.push(Buffer.alloc(3), Buffer.alloc((rest / 4) * 3))
  gateway.history = () => values
  const head = async () => (await once(request('HEAD /history?key=7'), true)).headers.get('content-length')
  expect(Number(await head())).toBe(2 ** 28)
  values.push(Buffer.alloc(0))
  const refused = await once(ASK)
  expect([refused.status, refused.body.toString()]).toEqual([
    413,
    'the history has 268435459 bytes here; at most 268435456 are told\n',
  ])
})

test('closing waits for a history that is being taken', async () => {
  const { app, client, pieces, gateway } = await start([], { closeGraceMs: 60_000 })
  gateway.history = () => Array(12).fill(Buffer.alloc(MIB))
  const one = client()
  one.socket.pause()
  one.send(ASK)
  await expect.poll(() => pieces.length).toBeGreaterThan(0)
  const closed = app.close()
  one.socket.resume()
  expect((await one.response()).body.length).toBe(12 * (Math.ceil(MIB / 3) * 4 + 3) + 1)
  await closed
  await one.closed
})
