/** What a client learns of nodes and does to them, against scripted ones. */
import { afterEach, describe, expect, it } from 'vitest'
import {
  answer,
  clientOf,
  closeAll,
  errorOf,
  nowhere,
  type Script,
  type ScriptedNode,
  scriptedNode,
} from './testing/scripted-node.ts'

afterEach(closeAll)

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
