/** More than the node can take: requests wait a while, what is refused is refused for certain, and others have their turn. */
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Connection } from './connection.ts'
import { Door } from './door.ts'
import { request, startServer } from './testing/test-server.ts'

const OVERLOADED = { ok: false, code: 'overloaded', reason: 'too many' } as const
const LONG_MS = 60_000

/** A server whose node is full with one request of its own; `release` answers that and makes room. */
async function full(patienceMs = LONG_MS) {
  const server = await startServer({ patienceMs })
  const { gateway } = server
  gateway.held = []
  const inside = server.client()
  inside.send(request('GET /0'))
  await expect.poll(() => gateway.submitted.length).toBe(1)
  gateway.room = 0
  const release = () => {
    gateway.room = Number.POSITIVE_INFINITY
    gateway.release()
  }
  return { ...server, release, keys: () => gateway.submitted.map(({ key }) => key) }
}

describe('a request to a full node', () => {
  it('waits, and is served once there is room; what needs no room is answered meanwhile', async () => {
    const { client, keys, release } = await full()
    const [waiting, other] = [client(), client()]
    waiting.send(request('PUT /1', {}, 'a'))
    waiting.send(request('GET /1'))
    for (let round = 0; round < 5; round++) expect((await other.exchange(request('GET /health'))).status).toBe(200)
    expect(keys()).toEqual(['0'])
    release()
    expect((await waiting.response()).status).toBe(200)
    expect((await waiting.response()).body.toString()).toBe('a')
  })

  it('is refused after its patience, in one line and with a hint, and the next good request works', async () => {
    const { client, gateway, keys, release, servesWell } = await full(300)
    const inside = gateway.held!
    gateway.held = null
    gateway.refusal = OVERLOADED
    const [one, later] = [client(), client()]
    one.send(request('PUT /1', {}, 'a') + request('GET /2') + request('PUT /3', {}, 'b'))
    await client().exchange(request('GET /health'))
    later.send(request('GET /4'))
    for (let count = 0; count < 3; count++) {
      const response = await one.response()
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
      expect(response.body.toString()).toBe('too many\n')
    }
    expect((await later.response()).status).toBe(503)
    expect(keys()).toEqual(['0', '1', '2', '3', '4'])
    gateway.refusal = null
    gateway.held = inside
    release()
    expect((await one.exchange(request('GET /1'))).body.toString()).toBe('')
    await servesWell()
  })

  it('goes in behind those that came before it, and before those behind it on its connection', async () => {
    const { client, keys, release } = await full()
    const [first, second, other] = [client(), client(), client()]
    first.send(request('GET /1') + request('PUT /2', {}, 'x') + request('GET /3'))
    await other.exchange(request('GET /health'))
    second.send(request('GET /4'))
    await other.exchange(request('GET /health'))
    release()
    await second.response()
    for (let count = 0; count < 3; count++) await first.response()
    expect(keys().filter((key) => key !== '4')).toEqual(['0', '1', '2', '3'])
    expect(keys().indexOf('4')).toBeGreaterThan(keys().indexOf('1'))
  })

  it('whose body is still on its way when the one before it goes in gets it', async () => {
    const { client, release, once } = await full()
    const one = client()
    const body = 'b'.repeat(200_000)
    one.send(`${request('GET /1')}PUT /2 HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`)
    one.send(body)
    await once(request('GET /health'))
    release()
    expect([(await one.response()).status, (await one.response()).status]).toEqual([200, 200])
    expect((await once(request('GET /2'))).body.length).toBe(body.length)
  })

  it('whose client has gone away meanwhile is not done', async () => {
    const { app, client, keys, release, once } = await full()
    const gone = client()
    const closed = new Promise((resolve) => app.server.once('connection', (socket) => socket.once('close', resolve)))
    gone.send(request('PUT /1', {}, 'a'))
    await once(request('GET /health'))
    gone.socket.resetAndDestroy()
    await closed
    release()
    await once(request('GET /2'))
    expect(keys()).toEqual(['0', '2'])
  })

  it('holds up its client: what follows on its connection stays in the network', async () => {
    const { app, client, release, once } = await full()
    const sockets: Socket[] = []
    app.server.on('connection', (socket) => sockets.push(socket))
    const greedy = client()
    const count = 20_000
    for (let sent = 0; sent < count; sent++) greedy.send(request('GET /1'))
    for (let round = 0; round < 10; round++) await once(request('GET /health'))
    expect(sockets[0]!.bytesRead).toBeLessThan((count * request('GET /1').length) / 2)
    release()
    for (let answered = 0; answered < count; answered += 1000) {
      expect((await greedy.response()).status).toBe(200)
      await expect.poll(() => greedy.received.length, { timeout: 10_000 }).toBeGreaterThan(0)
    }
  })
})

describe('a connection that has had its turn while others wait', () => {
  /** Requests of two connections that go in one after the other, as the first ones are answered. */
  async function turns(patienceMs = LONG_MS) {
    const server = await full(patienceMs)
    const { app, client, gateway, once } = server
    const sockets: Socket[] = []
    app.server.on('connection', (socket) => sockets.push(socket))
    const [first, second] = [client(), client()]
    first.send(request('GET /1'))
    await once(request('GET /health'))
    second.send(request('GET /2'))
    await once(request('GET /health'))
    /** Answers the oldest request inside, which makes room for one. */
    const answer = () => gateway.held!.shift()!()
    return { ...server, first, second, sockets, answer }
  }

  it('is not read until its next turn, and then all that has come goes in', async () => {
    const { answer, first, second, release, keys, once, sockets } = await turns()
    answer()
    expect(keys()).toEqual(['0', '1'])
    const read = sockets[0]!.bytesRead
    first.send(request('GET /3') + request('PUT /4', {}, 'x') + request('GET /5'))
    for (let round = 0; round < 5; round++) await once(request('GET /health'))
    expect(sockets[0]!.bytesRead).toBe(read)
    release()
    for (let count = 0; count < 4; count++) expect((await first.response()).status).toBe(200)
    expect((await second.response()).status).toBe(200)
    expect(keys()).toEqual(['0', '1', '2', '3', '4', '5'])
  })

  it('is read all the same once its patience is over, and refused while there is no room', async () => {
    const { answer, first, gateway, keys } = await turns(300)
    answer()
    gateway.refusal = OVERLOADED
    const inside = gateway.held!.splice(0)
    gateway.held = null
    first.send(request('GET /3') + request('GET /4'))
    await expect.poll(() => keys().length).toBe(5)
    for (const give of inside) give()
    for (let count = 0; count < 3; count++) expect((await first.response()).status).toBe(503)
  })

  it('is read as usual once nobody waits, and while it sends nothing', async () => {
    const { answer, first, second, gateway, release, keys } = await turns()
    answer()
    release()
    expect((await first.response()).status).toBe(200)
    expect((await second.response()).status).toBe(200)
    gateway.held = null
    expect((await first.exchange(request('GET /3'))).status).toBe(200)
    expect(keys()).toEqual(['0', '1', '2', '3'])
  })
})

describe('the door', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  /** Connections that have this many requests unhandled, all waiting; `woken` has how each was. */
  function waiting(unhandled: readonly number[]) {
    const woken: string[] = []
    let isFull = true
    const door = new Door(() => (isFull ? 0 : 100), 1000)
    for (const [index, count] of unhandled.entries()) {
      const wake = (hurried: boolean) => woken.push(`${index}${hurried ? ' hurried' : ''}`)
      door.wait({ unhandled: count, rest: () => {}, wake } as unknown as Connection, () => {})
    }
    const setFull = (value: boolean) => {
      isFull = value
    }
    return { door, woken, setFull }
  }

  it('lets in those whose patience is over, only so many at a time, and waits no more once nobody does', () => {
    const { woken } = waiting(Array(80).fill(1))
    vi.advanceTimersByTime(999)
    expect(woken).toEqual([])
    vi.advanceTimersByTime(1)
    expect([woken.length, woken[0]]).toEqual([32, '0 hurried'])
    vi.advanceTimersByTime(10)
    expect(woken).toHaveLength(64)
    vi.advanceTimersByTime(10)
    expect([woken.length, vi.getTimerCount()]).toEqual([80, 0])
  })

  it('counts all that a connection has read', () => {
    const { woken } = waiting([100, 1, 1])
    vi.advanceTimersByTime(1000)
    expect(woken).toEqual(['0 hurried'])
    vi.advanceTimersByTime(20)
    expect(woken).toEqual(['0 hurried'])
    vi.advanceTimersByTime(10)
    expect(woken).toEqual(['0 hurried', '1 hurried', '2 hurried'])
  })

  it('lets in as many as there is room for when an answer has left', () => {
    const { door, woken, setFull } = waiting([1, 1, 1])
    door.admit()
    expect(woken).toEqual([])
    setFull(false)
    door.admit()
    expect(woken).toEqual(['0', '1', '2'])
  })

  it('is open when there is room and nobody waits, and to one whose turn it is', () => {
    const { door, setFull } = waiting([1])
    const connection = (awake: boolean, hurried: boolean) => ({ awake, hurried }) as unknown as Connection
    const open = () =>
      [connection(false, false), connection(true, false), connection(true, true)].map((c) => door.isOpen(c))
    expect(open()).toEqual([false, false, true])
    setFull(false)
    expect(open()).toEqual([false, true, true])
    door.admit()
    expect(open()).toEqual([true, true, true])
  })
})
