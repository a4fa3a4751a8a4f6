/** The client against scripted nodes: what it sends, and what it makes of their answers. */
import { existsSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { SynodError } from '../errors.ts'
import type { Client } from './client.ts'
import { Connections } from './connections.ts'
import type { Reply } from './exchange.ts'
import { isDefinite } from './outcomes.ts'
import {
  answer,
  cleanups,
  clientOf,
  closeAll,
  errorOf,
  nowhere,
  type Script,
  scriptedNode,
} from './testing/scripted-node.ts'

const RECORDED = new URL('../../../shared/http/paxi.jsonl', import.meta.url)

afterEach(closeAll)

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
