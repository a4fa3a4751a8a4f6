/** The client against scripted nodes: raw loopback sockets that answer byte for byte what a test says. */
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { SynodError } from '../errors.ts'
import { Client, type ClientOptions } from './client.ts'
import { Connections } from './connections.ts'
import type { Reply } from './exchange.ts'
import { isDefinite } from './outcomes.ts'

const RECORDED = new URL('../../../shared/http/paxi.jsonl', import.meta.url)

type Script = (request: string, socket: Socket, count: number) => void

interface ScriptedNode {
  readonly url: string
  readonly requests: string[]
  readonly sockets: Set<Socket>
  /** The most sockets that were open at once. */
  peak: number
}

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function scriptedNode(script: Script): Promise<ScriptedNode> {
  const node: ScriptedNode & { url: string } = { url: '', requests: [], sockets: new Set(), peak: 0 }
  const server = createServer((socket) => {
    node.sockets.add(socket)
    node.peak = Math.max(node.peak, node.sockets.size)
    socket.on('close', () => node.sockets.delete(socket))
    socket.on('error', () => {})
    let pending = ''
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1')
      for (;;) {
        const end = pending.indexOf('\r\n\r\n')
        if (end < 0) return
        const length = Number(/content-length: (\d+)/i.exec(pending.slice(0, end))?.[1] ?? 0)
        if (pending.length < end + 4 + length) return
        const request = pending.slice(0, end + 4 + length)
        pending = pending.slice(end + 4 + length)
        script(request, socket, node.requests.push(request))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  node.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  cleanups.push(async () => {
    for (const socket of node.sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return node
}

/** The url of a port on which nothing listens. */
async function nowhere(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

function clientOf(options: ClientOptions): Client {
  const client = new Client(options)
  cleanups.push(() => client.close())
  return client
}

function answer(status: string, body = '', headers = ''): string {
  return `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

async function errorOf(promise: Promise<unknown>): Promise<SynodError> {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SynodError)
  return error as SynodError
}

describe('requests', () => {
  it('sends Id and a counting Cid, and the key exactly', async () => {
    const node = await scriptedNode((_, socket) => socket.write(answer('200 OK')))
    const client = clientOf({ nodes: { '1.1': node.url }, id: '1.1' })
    await client.get(9223372036854775807n)
    await client.put(-7, 'abc')
    expect(node.requests[0]).toMatch(/^GET \/9223372036854775807 HTTP\/1\.1\r\n/)
    expect(node.requests[0]).toMatch(/\r\nId: 1\.1\r\nCid: 1\r\n/)
    expect(node.requests[1]).toMatch(/^PUT \/-7 HTTP\/1\.1\r\n/)
    expect(node.requests[1]).toMatch(/\r\nCid: 2\r\n(.|\r\n)*content-length: 3\r\n(.|\r\n)*abc$/)
  })

  it('sends an empty Id without an id, and an empty write with its length', async () => {
    const node = await scriptedNode((_, socket) => socket.write(answer('200 OK')))
    const client = clientOf({ nodes: { '1.1': node.url } })
    await client.put('1', '')
    expect(node.requests[0]).toMatch(/\r\nId: \r\n/)
    expect(node.requests[0]).toMatch(/\r\ncontent-length: 0\r\n/)
  })

  it.each(['01', '-0', '+1', '1.5', '1e3', ' 1', '', '٣', '9223372036854775808', '-9223372036854775809', 2 ** 53, 1.5])(
    'refuses the key %j without sending anything',
    async (key) => {
      const node = await scriptedNode((_, socket) => socket.write(answer('200 OK')))
      const client = clientOf({ nodes: { '1.1': node.url } })
      expect((await errorOf(client.get(key))).code).toBe('malformed')
      expect((await errorOf(client.put(key, 'x'))).code).toBe('malformed')
      expect(node.requests).toEqual([])
    },
  )

  it('spreads requests over the nodes by the random source, and stays at its node with an id', async () => {
    const a = await scriptedNode((_, socket) => socket.write(answer('200 OK')))
    const b = await scriptedNode((_, socket) => socket.write(answer('200 OK')))
    const nodes = { '1.1': a.url, '1.2': b.url }
    const picks = [0, 0.99, 0.6]
    const roaming = clientOf({ nodes, random: () => picks.shift() ?? 0 })
    const visited = [await roaming.get(1), await roaming.get(1), await roaming.get(1)].map(({ node }) => node)
    expect(visited).toEqual(['1.1', '1.2', '1.2'])
    const bound = clientOf({ nodes, id: '1.2' })
    for (let i = 0; i < 5; i++) expect((await bound.get(1)).node).toBe('1.2')
  })

  it('never opens more connections than it may', async () => {
    const node = await scriptedNode((_, socket) => setImmediate(() => socket.write(answer('200 OK'))))
    const client = clientOf({ nodes: { '1.1': node.url }, connections: 2 })
    await Promise.all(Array.from({ length: 20 }, (_, key) => client.get(key)))
    expect(node.requests).toHaveLength(20)
    expect(node.peak).toBe(2)
  })
})

describe('what became of it', () => {
  it.each([
    ['400 Bad Request', '', 'malformed', true],
    ['404 Not Found', '', 'unsupported', true],
    ['408 Request Timeout', '', 'unknown', false],
    ['413 Payload Too Large', '', 'malformed', true],
    ['500 Internal Server Error', '', 'internal', false],
    ['501 Not Implemented', '', 'unsupported', true],
    ['503 Service Unavailable', '', 'unavailable', true],
    ['503 Service Unavailable', 'Retry-After: 1\r\n', 'overloaded', true],
    ['504 Gateway Timeout', '', 'unknown', false],
  ] as const)('%s (%j) is %s', async (status, headers, code, definite) => {
    const node = await scriptedNode((_, socket) => socket.write(answer(status, 'because\n', headers)))
    const error = await errorOf(clientOf({ nodes: { '1.1': node.url } }).put(1, 'x'))
    expect(error.code).toBe(code)
    expect(isDefinite(error)).toBe(definite)
    expect(error.message).toBe(`node 1.1 answered ${status.slice(0, 3)}: because`)
  })

  it('a refused connection is definite', async () => {
    const error = await errorOf(clientOf({ nodes: { '1.1': await nowhere() } }).put(1, 'x'))
    expect(error.code).toBe('unavailable')
    expect(error.message).toContain('ECONNREFUSED')
  })

  it('a connection lost after sending is unknown', async () => {
    const node = await scriptedNode((_, socket) => socket.destroy())
    const error = await errorOf(clientOf({ nodes: { '1.1': node.url }, retries: 3 }).put(1, 'x'))
    expect(error.code).toBe('unknown')
    expect(node.requests).toHaveLength(1)
  })

  it('an answer cut short is unknown', async () => {
    const node = await scriptedNode((_, socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe'))
    expect((await errorOf(clientOf({ nodes: { '1.1': node.url } }).get(1))).code).toBe('unknown')
  })

  it('silence is unknown when the time is over, and the connection is not used again', async () => {
    const node = await scriptedNode((_, socket, count) => {
      if (count > 1) socket.write(answer('200 OK', 'late'))
    })
    const client = clientOf({ nodes: { '1.1': node.url }, connections: 1 })
    const error = await errorOf(client.put(1, 'x', { timeoutMs: 50 }))
    expect(error.code).toBe('unknown')
    expect(error.message).toBe('node 1.1: no answer within 50 ms')
    expect((await client.get(1)).value?.toString()).toBe('late')
  })

  it('a request whose time is over before its turn was never sent', async () => {
    const held: Socket[] = []
    const node = await scriptedNode((_, socket) => held.push(socket))
    const client = clientOf({ nodes: { '1.1': node.url }, connections: 1 })
    const first = client.get(1)
    const error = await errorOf(client.put(2, 'x', { timeoutMs: 30 }))
    expect(error.code).toBe('unavailable')
    held[0]!.write(answer('200 OK', 'v'))
    expect((await first).value?.toString()).toBe('v')
    const third = client.get(3)
    await expect.poll(() => held.length).toBe(2)
    held[1]!.write(answer('200 OK', 'w'))
    expect((await third).value?.toString()).toBe('w')
    expect(node.requests.map((request) => request.split(' ')[1])).toEqual(['/1', '/3'])
  })

  it('a write is tried again only when that was asked for and it was definitely not applied', async () => {
    const script: Script = (_, socket, count) =>
      socket.write(answer(count === 1 ? '503 Service Unavailable' : '200 OK', 'old'))
    const once = await scriptedNode(script)
    expect((await errorOf(clientOf({ nodes: { '1.1': once.url } }).put(1, 'x'))).code).toBe('unavailable')
    expect(once.requests).toHaveLength(1)
    const twice = await scriptedNode(script)
    const result = await clientOf({ nodes: { '1.1': twice.url }, retries: 1 }).put(1, 'x')
    expect(result.previous?.toString()).toBe('old')
    expect(twice.requests).toHaveLength(2)
    const timedOut = await scriptedNode((_, socket) => socket.write(answer('504 Gateway Timeout')))
    expect((await errorOf(clientOf({ nodes: { '1.1': timedOut.url }, retries: 5 }).put(1, 'x'))).code).toBe('unknown')
    expect(timedOut.requests).toHaveLength(1)
  })

  it('a read is tried again elsewhere', async () => {
    const picks = [0, 0.1, 0.99, 0.1]
    const node = await scriptedNode((_, socket) => socket.write(answer('200 OK', 'v')))
    const nodes = { '1.1': await nowhere(), '1.2': node.url }
    const result = await clientOf({ nodes, retries: 1, random: () => picks.shift() ?? 0 }).get(1)
    expect(result.node).toBe('1.2')
  })
})

describe('views and faults', () => {
  it('reads a state whose hash is beyond 53 bits exactly, and refuses what is no state', async () => {
    const bodies = ['{"id":"1.1","algorithm":"paxos","executed":7,"hash":18446744073709551615}', '{"id":"1.1"}', 'no']
    const node = await scriptedNode((_, socket, count) => socket.write(answer('200 OK', bodies[count - 1])))
    const client = clientOf({ nodes: { '1.1': node.url } })
    expect(await client.state()).toEqual({
      node: '1.1',
      algorithm: 'paxos',
      leader: null,
      executed: 7,
      ready: false,
      hash: '18446744073709551615',
      faults: [],
    })
    expect((await errorOf(client.state())).code).toBe('malformed')
    expect((await errorOf(client.state())).code).toBe('malformed')
  })

  it.each(['{}', '[1]', '["?"]', '["abc"]', '[', ''])('refuses %j as a history', async (body) => {
    const node = await scriptedNode((_, socket) => socket.write(answer('200 OK', body)))
    expect((await errorOf(clientOf({ nodes: { '1.1': node.url } }).history(1))).code).toBe('malformed')
  })

  it('is ready only where the node says so', async () => {
    const says = (body: string) => scriptedNode((_, socket) => socket.write(answer('200 OK', body)))
    const [up, waiting] = [await says('{"id":"1.1","ready":true}'), await says('{"id":"1.2","ready":false}')]
    const closing = await scriptedNode((_, socket) => socket.write(answer('503 Service Unavailable')))
    const client = clientOf({
      nodes: { up: up.url, waiting: waiting.url, closing: closing.url, gone: await nowhere() },
    })
    const asked = ['up', 'waiting', 'closing', 'gone'].map((id) => client.ready(id))
    expect(await Promise.all(asked)).toEqual([true, false, false, false])
    expect((await errorOf(client.ready('9.9'))).code).toBe('config')
  })

  it.each([
    ['200 OK', '', 'malformed'],
    ['200 OK', 'ready\n', 'malformed'],
    ['200 OK', '{}', 'malformed'],
    ['200 OK', '{"ready":"true"}', 'malformed'],
    ['400 Bad Request', 'invalid path', 'malformed'],
    ['404 Not Found', '', 'unsupported'],
  ])('finds nobody ready who answers %s and %j: that is no Synod node', async (status, body, code) => {
    const stranger = await scriptedNode((_, socket) => socket.write(answer(status, body)))
    expect((await errorOf(clientOf({ nodes: { '1.1': stranger.url } }).ready('1.1'))).code).toBe(code)
  })

  const paths = (node: ScriptedNode) => node.requests.map((request) => request.split(' ', 2).join(' ')).sort()

  it('asks every node for its part of a partition, and Paxi servers for their drops', async () => {
    const reply: Script = (_, socket) => socket.write(answer('200 OK'))
    const paxi: Script = (request, socket) =>
      socket.write(answer(request.startsWith('POST /partition') ? '400 Bad Request' : '200 OK'))
    const [a, b, c] = await Promise.all([scriptedNode(reply), scriptedNode(paxi), scriptedNode(paxi)])
    const client = clientOf({ nodes: { '1.1': a.url, '1.2': b.url, '1.3': c.url } })
    await client.faults.partition(5, ['1.3'])
    const asked = 'POST /partition?t=5&ids=1.3'
    expect(paths(a)).toEqual([asked])
    expect(paths(b)).toEqual(['GET /drop?id=1.3&t=5', asked])
    expect(paths(c)).toEqual(['GET /drop?id=1.1&t=5', 'GET /drop?id=1.2&t=5', asked])
  })

  it('refuses a partition without nodes on both sides, as nodes do', async () => {
    const reply: Script = (_, socket) =>
      socket.write(answer('400 Bad Request', 'a partition needs nodes on both sides\n'))
    const [a, b] = await Promise.all([scriptedNode(reply), scriptedNode(reply)])
    const { faults } = clientOf({ nodes: { '1.1': a.url, '1.2': b.url } })
    for (const ids of [[], ['1.1', '1.2']])
      expect(await errorOf(faults.partition(5, ids))).toMatchObject({ code: 'malformed' })
    expect([...a.requests, ...b.requests].filter((request) => request.includes('/drop'))).toEqual([])
  })

  it('injects faults and heals them, by the routes of the node concerned', async () => {
    const a = await scriptedNode((request, socket) =>
      socket.write(answer('200 OK', request.startsWith('POST /heal') ? 'drop 1.2, for ever\ncrash, 1.0 s left\n' : '')),
    )
    const { faults } = clientOf({ nodes: { '1.1': a.url, '1.2': await nowhere() } })
    await faults.crash('1.1', 1)
    await faults.drop('1.1', '1.2', 2)
    await faults.slow('1.1', '1.2', 30, 3)
    await faults.flaky('1.1', '1.2', 1e-7, 4)
    expect(await faults.heal('1.1')).toEqual(['drop 1.2, for ever', 'crash, 1.0 s left'])
    await faults.heal('1.1', 'drop')
    expect(a.requests.map((request) => request.split(' ', 2).join(' '))).toEqual([
      'GET /crash?t=1',
      'GET /drop?id=1.2&t=2',
      'POST /slow?id=1.2&ms=30&t=3',
      'POST /flaky?id=1.2&p=0.0000001000&t=4',
      'POST /heal',
      'POST /heal?fault=drop',
    ])
    for (const bad of [faults.crash('1.1', 0.5), faults.slow('1.1', '1.2', 0.5, 1), faults.flaky('1.1', '1.2', 2, 1)]) {
      expect((await errorOf(bad)).code).toBe('malformed')
    }
    expect((await errorOf(faults.crash('9.9', 1))).code).toBe('config')
  })
})

if (!existsSync(RECORDED)) console.warn('SKIPPED: the exchanges recorded from Paxi are not here, see ../shared/http')

describe.skipIf(!existsSync(RECORDED))('recorded from Paxi', () => {
  const rows = existsSync(RECORDED) ? readFileSync(RECORDED, 'utf8').trim().split('\n') : []
  const exchanges = rows.map((row, index) => {
    const { from, request_b64, reply_b64 } = JSON.parse(row) as Record<string, string>
    const request = Buffer.from(request_b64!, 'base64').toString('latin1')
    const [method, path] = request.split(' ') as [string, string]
    return {
      title: `${index} ${from}: ${method} ${path}`,
      method,
      path,
      request,
      reply: Buffer.from(reply_b64!, 'base64'),
    }
  })

  /** Asks as the recorded request did, through the client where it has a method for it. */
  function ask(client: Client, path: string, method: string, request: string): Promise<unknown> {
    const query = new URL(path, 'http://node').searchParams
    if (path.startsWith('/history')) return client.history(query.get('key') === 'x' ? 1 : query.get('key')!)
    if (path.startsWith('/crash')) return client.faults.crash('1.1', 1)
    if (path.startsWith('/drop')) return client.faults.drop('1.1', '1.3', 1)
    const key = path === '/abc' || path === '/' ? 8 : path.slice(1)
    if (method === 'PUT' || (method === 'POST' && path !== '/')) {
      return client.put(key, Buffer.from(request.slice(request.indexOf('\r\n\r\n') + 4), 'latin1'))
    }
    return client.get(key)
  }

  it.each(exchanges.filter(({ method }) => method !== 'HEAD'))('$title', async ({ method, path, request, reply }) => {
    const node = await scriptedNode((_, socket) => socket.write(reply))
    const client = clientOf({ nodes: { '1.1': node.url, '1.3': node.url }, id: '1.1', connections: 1 })
    const text = reply.toString('latin1')
    const body = reply.subarray(text.indexOf('\r\n\r\n') + 4)
    const result = ask(client, path, method, request)
    if (!text.startsWith('HTTP/1.1 200')) {
      const error = await errorOf(result)
      expect(error.code).toBe('malformed')
      expect(error.message).toBe(`node 1.1 answered 400: ${body.toString().trim()}`)
    } else if (path.startsWith('/history')) {
      const values = (JSON.parse(body.toString()) as string[] | null) ?? []
      expect(await result).toEqual(values.map((value) => Buffer.from(value, 'base64')))
    } else if (path.startsWith('/crash') || path.startsWith('/drop')) {
      await result
    } else {
      const field = (name: string) => new RegExp(`\r\n${name}: (.*?)\r\n`).exec(text)?.[1]
      expect(await result).toMatchObject({
        [method === 'PUT' || (path === '/7' && method === 'POST') ? 'previous' : 'value']:
          body.length > 0 ? body : null,
        id: field('Id'),
        cid: field('Cid'),
        ballot: '1.1.1',
        slot: Number(field('Slot')),
        execute: Number(field('Execute')),
        inProgress: null,
      })
    }
    // The answer was consumed to its last byte: the next one on the same connection is understood alike.
    const again = await ask(client, path, method, request).then(
      () => 'ok',
      (error: SynodError) => error.code,
    )
    expect(again).toBe(text.startsWith('HTTP/1.1 200') ? 'ok' : 'malformed')
    expect([node.requests.length, node.peak]).toEqual([2, 1])
  })

  it.each(exchanges.filter(({ method }) => method === 'HEAD'))('$title', async ({ path, reply }) => {
    const node = await scriptedNode((_, socket) => socket.write(reply))
    const connections = new Connections({ '1.1': node.url }, { connections: 1 })
    cleanups.push(() => connections.close())
    const head = () =>
      new Promise<Reply>((resolve, reject) => {
        const receiver = { onReply: resolve, onFailure: (_: boolean, reason: string) => reject(new Error(reason)) }
        connections.send('1.1', { method: 'HEAD', path, headers: [], body: null }, 1_000, receiver)
      })
    expect(await head()).toMatchObject({ status: 200, body: Buffer.alloc(0) })
    expect((await head()).status).toBe(200)
  })

  it('holds all 35 exchanges', () => {
    expect(exchanges).toHaveLength(35)
  })
})
