/** Answers that are not yet taken: how many wait for one client, and for all together, and who gives their room back. */
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { put } from '../command.ts'
import type { HttpOptions } from './server.ts'
import type { RawClient } from './testing/raw-client.ts'
import { request, startServer } from './testing/test-server.ts'

/** More than a socket takes of an answer that its client does not read. */
const LARGE = 1024 * 1024

/** A server with a large value under the key 1. */
async function stocked(options: HttpOptions = {}, length = LARGE) {
  const server = await startServer(options)
  const { app, gateway } = server
  const sockets: Socket[] = []
  app.server.on('connection', (socket) => sockets.push(socket))
  gateway.machine.execute(put('1', Buffer.alloc(length, 'a')))
  const keys = () => gateway.submitted.map(({ key }) => key)
  /** A client that takes nothing. */
  const deaf = (bytes: string): RawClient => {
    const one = server.client()
    one.socket.pause()
    one.send(bytes)
    return one
  }
  /** Settles when the server has nothing more to do for anybody. */
  const settled = async () => {
    for (let before = -1; before !== gateway.submitted.length; ) {
      before = gateway.submitted.length
      for (let round = 0; round < 20; round++) await server.once(request('GET /health'))
    }
  }
  return { ...server, keys, deaf, settled, sockets }
}

async function lengths(client: RawClient, count: number): Promise<[number, number][]> {
  const all: [number, number][] = []
  for (let i = 0; i < count; i++) {
    const { status, body } = await client.response()
    all.push([status, body.length])
  }
  return all
}

describe('of a client that takes nothing', () => {
  test('so many requests are done as it may be owed, and the others wait until it takes', async () => {
    const { deaf, keys, settled } = await stocked()
    const count = 40
    const one = deaf(request('GET /1').repeat(count))
    await settled()
    expect(keys().length).toBeGreaterThan(1)
    expect(keys().length).toBeLessThan(count / 2)
    one.socket.resume()
    expect(await lengths(one, count)).toEqual(Array(count).fill([200, LARGE]))
    expect((await one.exchange(request('GET /2'))).status).toBe(200)
  })

  test('no request that its node is still busy with is followed by too many others', async () => {
    const { client, gateway } = await stocked()
    gateway.held = []
    const one = client()
    one.send(request('GET /1').repeat(1000))
    await expect.poll(() => gateway.submitted.length).toBe(2)
    gateway.release()
    expect(await lengths(one, 10)).toEqual(Array(10).fill([200, LARGE]))
  })

  test('others are served meanwhile, with large answers, too', async () => {
    const { deaf, once, settled } = await stocked()
    for (let i = 0; i < 10; i++) deaf(request('GET /1').repeat(40))
    await settled()
    expect((await once(request('PUT /2', {}, 'b'))).status).toBe(200)
    expect((await once(request('GET /1'))).body.length).toBe(LARGE)
  })

  test('large answers of other routes count as well', async () => {
    const { deaf, gateway, settled } = await stocked()
    let asked = 0
    gateway.state = () => {
      asked += 1
      return 'a'.repeat(LARGE)
    }
    deaf(request('GET /state').repeat(40))
    await settled()
    expect(asked).toBeGreaterThan(1)
    expect(asked).toBeLessThan(20)
  })

  test('the connection ends after a while; one whose answers were taken stays', async () => {
    const { client, deaf, once, sockets } = await stocked({ stalledMs: 200 })
    const good = client()
    expect((await good.exchange(request('GET /1'))).status).toBe(200)
    deaf(request('GET /1').repeat(40))
    await expect.poll(() => sockets.length).toBe(2)
    await expect.poll(() => sockets[1]!.destroyed, { timeout: 10_000 }).toBe(true)
    expect((await good.exchange(request('GET /1'))).status).toBe(200)
    expect((await once(request('GET /1'))).status).toBe(200)
  })

  test('closing the server ends all', async () => {
    const { app, deaf, settled } = await stocked({ closeGraceMs: 50 })
    const one = deaf(request('GET /1').repeat(40))
    await settled()
    await app.close()
    one.socket.resume()
    await one.closed
  })
})

test('requests behind a large answer are read on, whatever the number that waited', async () => {
  const { client } = await stocked({}, 100_000)
  const one = client()
  for (let round = 0; round < 20; round++) {
    const count = 8 + round
    one.send(request('GET /1').repeat(count))
    expect(await lengths(one, count)).toEqual(Array(count).fill([200, 100_000]))
  }
})

test('requests that came behind a body whose answer is large are done once that is taken', async () => {
  const { client, settled } = await stocked({}, 2 * LARGE)
  const one = client()
  one.send('PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab')
  await settled()
  one.send(`c${request('GET /1').repeat(3)}`)
  expect((await lengths(one, 4)).map(([, length]) => length)).toEqual([2 * LARGE, 3, 3, 3])
})

describe('where all answers together have no room', () => {
  test('a large one is refused before its request is done, and small ones are given', async () => {
    const { deaf, keys, once, settled, sockets } = await stocked({ openLimit: 2 * LARGE })
    const one = deaf(request('GET /1').repeat(40))
    await settled()
    const before = keys().length
    const refused = await once(request('PUT /1', {}, 'b'))
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(refused.body.toString()).toBe(`answers that are not yet taken would have more than ${2 * LARGE} bytes\n`)
    expect(keys()).toHaveLength(before)
    expect((await once(request('PUT /2', {}, 'b'))).status).toBe(200)
    const gone = new Promise((resolve) => sockets[0]!.once('close', resolve))
    one.close()
    await gone
    expect((await once(request('GET /1'))).body.length).toBe(LARGE)
  })

  test('one that was refused, failed or asked for without a body takes none', async () => {
    const { gateway, once } = await stocked({ openLimit: 2 * LARGE })
    expect((await once(request('HEAD /1'), true)).status).toBe(200)
    gateway.refusal = { ok: false, code: 'overloaded', reason: 'too many' }
    expect((await once(request('GET /1'))).body.toString()).toBe('too many\n')
    gateway.refusal = null
    gateway.defect = new Error('broken')
    expect((await once(request('GET /1'))).status).toBe(500)
    gateway.defect = null
    for (let round = 0; round < 3; round++) expect((await once(request('GET /1'))).body.length).toBe(LARGE)
  })
})
