/** Closing: what is inside the node is answered first, what is idle or half sent does not hold it up. */
import { expect, test, vi } from 'vitest'
import { createHttpServer } from './server.ts'
import { FakeGateway } from './testing/fake-gateway.ts'
import type { RawClient } from './testing/raw-client.ts'
import { request, startServer } from './testing/test-server.ts'

/** Waits until `one`, a connection that is open, is told that the server closes. */
async function refused(one: RawClient): Promise<void> {
  await expect.poll(async () => (await one.exchange(request('GET /health'))).status).toBe(503)
}

test('idle keep-alive connections end at once', async () => {
  const { app, client } = await startServer({ closeGraceMs: 60_000 })
  const idle = [client(), client()]
  for (const one of idle) await one.exchange(request('GET /1'))
  await app.close()
  await Promise.all(idle.map((one) => one.closed))
})

test('requests inside the node are answered, in full, before their connections end', async () => {
  const { app, client, gateway } = await startServer({ closeGraceMs: 60_000 })
  const large = 'a'.repeat(1024 * 1024)
  const [one, two, late] = [client(), client(), client()]
  await late.exchange(request('GET /health'))
  await one.exchange(request('PUT /1', {}, large))
  gateway.held = []
  one.send(request('GET /1'))
  two.send(request('PUT /2', {}, 'b'))
  await expect.poll(() => gateway.held?.length).toBe(2)
  const closed = app.close()
  await refused(late)
  gateway.release()
  const [read, written] = await Promise.all([one.response(), two.response()])
  expect([read.status, read.body.length, read.headers.get('connection')]).toEqual([200, large.length, 'close'])
  expect([written.status, written.headers.get('connection')]).toEqual([200, 'close'])
  await Promise.all([one.closed, two.closed, closed])
})

test.each([
  ['/1', 'in full to a client that reads on', true],
  ['/1', 'no longer than the grace to one that does not', false],
  ['/state', 'in full to a client that reads on', true],
])('a large answer to %s on its way is sent %s', async (target, _what, reads) => {
  const { app, client, gateway } = await startServer({ closeGraceMs: reads ? 60_000 : 50 })
  const large = Buffer.alloc(16 * 1024 * 1024, 'a')
  gateway.store.set('1', large)
  const state = vi.spyOn(gateway, 'state').mockReturnValue(large.toString('latin1', 2))
  const [one, late] = [client(), client()]
  await late.exchange(request('GET /health'))
  one.socket.pause()
  one.send(request(`GET ${target}`))
  await expect.poll(() => gateway.submitted.length + state.mock.calls.length).toBe(1)
  const closed = app.close()
  if (reads) {
    await refused(late)
    one.socket.resume()
    expect((await one.response()).body.length).toBe(large.length)
  }
  await closed
})

test('requests that arrive while it closes are refused with 503', async () => {
  const { app, client, gateway } = await startServer()
  const [inside, late, half] = [client(), client(), client()]
  await late.exchange(request('GET /health'))
  half.send(request('PUT /3', { 'Content-Length': '2' }))
  half.send('a')
  gateway.held = []
  inside.send(request('PUT /1', {}, 'a'))
  await expect.poll(() => gateway.held?.length).toBe(1)
  const closed = app.close()
  await refused(late)
  half.send('b')
  expect((await half.response()).status).toBe(503)
  gateway.release()
  expect((await inside.response()).status).toBe(200)
  await closed
  expect(gateway.submitted.map(({ key }) => key)).toEqual(['1'])
})

test('half a request does not hold it up for longer than the grace', async () => {
  const { app, client } = await startServer({ closeGraceMs: 50 })
  const [headers, body] = [client(), client()]
  const arrived = new Promise((resolve) => app.server.once('request', resolve))
  headers.send('GET /1 HTTP/1.1\r\n')
  body.send(request('PUT /1', { 'Content-Length': '5' }))
  await arrived
  await app.close()
  await Promise.all([headers.closed, body.closed])
})

test('a server that never listened closes', async () => {
  await createHttpServer(new FakeGateway()).close()
})

test('closing twice is closing once', async () => {
  const { app } = await startServer()
  await app.close()
  await app.close()
})

test('pipelined requests inside the node are all answered, and the last answer ends their connection', async () => {
  const { app, client, gateway } = await startServer({ closeGraceMs: 60_000 })
  const [one, late] = [client(), client()]
  await late.exchange(request('GET /health'))
  gateway.held = []
  one.send(request('PUT /1', {}, 'a') + request('PUT /1', {}, 'b') + request('GET /1'))
  await expect.poll(() => gateway.held?.length).toBe(3)
  const closed = app.close()
  await refused(late)
  gateway.release()
  const connections = []
  for (let n = 0; n < 3; n++) {
    const { status, headers } = await one.response()
    connections.push([status, headers.get('connection')])
  }
  expect(connections).toEqual([
    [200, 'keep-alive'],
    [200, 'keep-alive'],
    [200, 'close'],
  ])
  await Promise.all([one.closed, closed])
})

test('a client that goes away with answers in line does not hold it up', async () => {
  const { app, client, gateway } = await startServer({ closeGraceMs: 60_000 })
  const [one, late] = [client(), client()]
  await late.exchange(request('GET /health'))
  gateway.held = []
  one.send(request('GET /1').repeat(3))
  await expect.poll(() => gateway.held?.length).toBe(3)
  const closed = app.close()
  await refused(late)
  // The last is answered first, so its answer waits for the others'.
  gateway.held.splice(2)[0]!()
  one.socket.resetAndDestroy()
  await one.closed
  gateway.release()
  await closed
})

test('requests that wait at the door are refused at once', async () => {
  const { app, client, gateway, once } = await startServer({ patienceMs: 60_000, closeGraceMs: 60_000 })
  const [inside, waiting] = [client(), client()]
  gateway.held = []
  inside.send(request('PUT /1', {}, 'a'))
  await expect.poll(() => gateway.held?.length).toBe(1)
  gateway.room = 0
  waiting.send(request('PUT /2', {}, 'b') + request('PUT /3', {}, 'c'))
  for (let round = 0; round < 2; round++) await once(request('GET /health'))
  const closed = app.close()
  expect((await waiting.response()).status).toBe(503)
  gateway.release()
  expect((await inside.response()).status).toBe(200)
  await closed
  expect(gateway.submitted.map(({ key }) => key)).toEqual(['1'])
})
