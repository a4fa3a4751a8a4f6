/** The routes beside the keys: history, state, health and faults. */
import { expect, test } from 'vitest'
import { request, startServer } from '../testing/test-server.ts'

test('history lists every value in base64, and names the node', async () => {
  const { once } = await startServer()
  await once(request('PUT /-7', {}, 'abc'))
  await once(request('PUT /-7', {}, 'def'))
  const response = await once(request('GET /history?key=-7', { Id: 'a', Cid: '5' }))
  expect([response.headers.get('id'), response.body.toString()]).toEqual(['1.1', '["YWJj","ZGVm"]'])
  expect((await once(request('GET /history?key=8'))).body.toString()).toBe('null')
})

test.each(['', '?', '?key=', '?key=x', '?key=01', '?key=9223372036854775808', '?KEY=1', '?key=%zz', '?key=1%00'])(
  'history%s has no key',
  async (query) => {
    const { once } = await startServer()
    const response = await once(request(`GET /history${query}`))
    expect([response.status, response.headers.get('id'), response.body.toString()]).toEqual([
      400,
      '1.1',
      'invalide key\n',
    ])
  },
)

test('a history of two keys at once is refused', async () => {
  const { once } = await startServer()
  const response = await once(request('GET /history?key=1&key=2'))
  expect([response.status, response.body.toString()]).toEqual([400, 'parameter key is given twice\n'])
})

test('the state is JSON', async () => {
  const { gateway, once } = await startServer()
  const response = await once(request('GET /state'))
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(JSON.parse(response.body.toString())).toEqual({ id: '1.1', keys: 0 })
  gateway.state = () => 1n
  expect((await once(request('GET /state'))).status).toBe(500)
  gateway.state = () => undefined
  expect((await once(request('GET /state'))).body.toString()).toBe('null')
})

test('health says that the process answers, readiness whether the node serves', async () => {
  const { gateway, once } = await startServer()
  gateway.ready = false
  expect((await once(request('GET /health'))).status).toBe(200)
  const unready = await once(request('GET /health/ready'))
  expect([unready.status, unready.body.toString()]).toEqual([503, 'no leader\n'])
  gateway.ready = true
  expect((await once(request('GET /health/ready'))).status).toBe(200)
})

test('faults are injected by GET and by POST', async () => {
  const { gateway, once } = await startServer()
  for (const target of ['GET /crash?t=1', 'POST /crash?t=-1', 'GET /drop?id=1.3&t=0', 'POST /drop?id=1.2&t=5']) {
    const response = await once(request(target))
    expect([response.status, response.body.length], target).toEqual([200, 0])
  }
  expect(gateway.injected).toEqual(['crash 1', 'crash -1', 'drop 1.3 0', 'drop 1.2 5'])
})

test.each([
  ['/crash', 'invalide time'],
  ['/crash?t=x', 'invalide time'],
  ['/crash?t=1.5', 'invalide time'],
  ['/crash?t=1e99', 'invalide time'],
  ['/crash?t=99999999999999999999', 'invalide time'],
  ['/drop?id=1.3', 'invalide time'],
  ['/drop?t=1', 'invalid id'],
  ['/drop?id=9.9&t=1', 'invalid id'],
  ['/drop?id=__proto__&t=1', 'invalid id'],
  ['/drop?id=1.2&time=1&t=1', 'unknown parameter "time": there are id, t'],
])('%s is refused: %s', async (target, sentence) => {
  const { gateway, once } = await startServer()
  const response = await once(request(`GET ${target}`))
  expect([response.status, response.body.toString()]).toEqual([400, `${sentence}\n`])
  expect(gateway.injected).toEqual([])
})

test('the further faults come by POST, and healing says what has ended', async () => {
  const { gateway, once } = await startServer()
  gateway.healed = ['drop 1.2, for ever', 'crash, 2.0 s left']
  const targets = [
    '/slow?id=1.2&ms=50&t=5',
    '/flaky?id=1.3&p=0.25&t=-1',
    '/flaky?id=1.3&p=1&t=1',
    '/partition?t=3&ids=1.3,1.1',
    '/heal',
    '/heal?fault=drop&id=1.2',
    '/heal?fault=partition&ids=1.3,1.2',
  ]
  const healed = 'drop 1.2, for ever\ncrash, 2.0 s left\n'
  for (const target of targets) {
    const response = await once(request(`POST ${target}`))
    const told = [response.status, response.headers.get('content-type'), response.body.toString()]
    const text = 'text/plain; charset=utf-8'
    expect(told, target).toEqual(target.startsWith('/heal') ? [200, text, healed] : [200, undefined, ''])
    const read = await once(request(`GET ${target}`))
    expect([read.status, read.headers.get('allow')], target).toEqual([405, 'POST'])
  }
  expect(gateway.injected).toEqual([
    'slow 1.2 50 5',
    'flaky 1.3 0.25 -1',
    'flaky 1.3 1 1',
    'partition 1.1,1.3 3',
    'heal all all',
    'heal drop 1.2',
    'heal partition 1.2 1.3',
  ])
})

test('healing a single fault that is not on says so; of all, or all of a kind, there may be none', async () => {
  const { once } = await startServer()
  for (const [query, ...answer] of [
    ['?fault=partition&ids=1.3', 404, 'no such fault is on\n'],
    ['?fault=drop&id=1.2', 404, 'no such fault is on\n'],
    ['?id=1.2', 404, 'no such fault is on\n'],
    ['?fault=drop', 200, ''],
    ['', 200, ''],
  ]) {
    const { status, body } = await once(request(`POST /heal${query}`))
    expect([status, body.toString()], String(query)).toEqual(answer)
  }
})

const BAD_CHANCE = 'invalid p: a chance from 0 to 1, such as 0.5'
const BAD_MS = 'invalid ms: a whole number of milliseconds, at most 9999999'
const ITSELF = '1.1 is this node: what it sends to itself goes by no link'
const ONE_SIDE = 'a partition needs nodes on both sides'
const BAD_IDS = 'invalid ids: node ids with commas, such as 1.1,1.2'

test.each([
  ['/slow?id=1.2&ms=5', 'invalide time'],
  ['/slow?ms=5&t=1', 'invalid id'],
  ['/slow?id=1.1&ms=5&t=1', ITSELF],
  ['/slow?id=1.2&t=1', BAD_MS],
  ['/slow?id=1.2&ms=-1&t=1', BAD_MS],
  ['/slow?id=1.2&ms=1e3&t=1', BAD_MS],
  ['/slow?id=1.2&ms=10000000&t=1', BAD_MS],
  ['/flaky?id=1.2&p=0.5&t=x', 'invalide time'],
  ['/flaky?id=__proto__&p=0.5&t=1', 'invalid id'],
  ['/flaky?id=1.1&p=0.5&t=1', ITSELF],
  ['/flaky?id=1.2&t=1', BAD_CHANCE],
  ['/flaky?id=1.2&p=1.5&t=1', BAD_CHANCE],
  ['/flaky?id=1.2&p=-0.5&t=1', BAD_CHANCE],
  ['/flaky?id=1.2&p=NaN&t=1', BAD_CHANCE],
  ['/partition?ids=1.2', 'invalide time'],
  ['/partition?t=1', BAD_IDS],
  ['/partition?t=1&ids=1.2,,1.3', BAD_IDS],
  ['/partition?t=1&ids=1.2,9.9', BAD_IDS],
  ['/partition?t=1&ids=1.1,1.2,1.3', ONE_SIDE],
  ['/heal?fault=noise', 'invalid fault: one of crash, drop, slow, flaky, partition'],
  ['/heal?fault=', 'invalid fault: one of crash, drop, slow, flaky, partition'],
  ['/heal?id=9.9', 'invalid id'],
  ['/heal?ids=9.9', BAD_IDS],
  ['/heal?id=1.2&ids=1.2', 'id names a link and ids a partition: give one of them'],
  ['/heal?xx=1', 'unknown parameter "xx": there are fault, id, ids'],
  ['/heal?fautl=drop&id=1.2', 'unknown parameter "fautl": there are fault, id, ids'],
  ['/heal?%0A=1', 'unknown parameter "\\n": there are fault, id, ids'],
  ['/heal?fault=drop&fault=slow', 'parameter fault is given twice'],
  ['/crash?t=1&id=1.2', 'unknown parameter "id": there are t'],
  ['/drop?id=1.2&t=1&id=1.3', 'parameter id is given twice'],
  ['/slow?id=1.2&ms=5&t=1&p=1', 'unknown parameter "p": there are id, ms, t'],
  ['/flaky?id=1.2&p=0.5&t=1&T=2', 'unknown parameter "T": there are id, p, t'],
  ['/partition?t=1&ids=1.2&id=1.3', 'unknown parameter "id": there are t, ids'],
])('POST %s is refused: %s', async (target, sentence) => {
  const { gateway, once } = await startServer()
  const response = await once(request(`POST ${target}`))
  expect([response.status, response.body.toString()]).toEqual([400, `${sentence}\n`])
  expect(gateway.injected).toEqual([])
})

test('without fault injection the fault routes answer 404', async () => {
  const { gateway, once } = await startServer()
  gateway.faults = null
  const further = ['POST /slow', 'POST /flaky?p=x', 'POST /partition', 'POST /heal']
  for (const target of ['GET /crash?t=1', 'GET /drop?id=1.3&t=1', 'POST /crash?t=x', ...further]) {
    expect((await once(request(target))).status).toBe(404)
  }
})
