/** Which path a read takes, and how its answer says so. */
import { expect, test } from 'vitest'
import { FakeGateway } from './testing/fake-gateway.ts'
import { request, startServer } from './testing/test-server.ts'

const JSON_READ = '{"Key":1}'

test.each(['GET /1', 'GET /kv/1', 'POST /'])('%s takes the path that its header names', async (line) => {
  const { gateway, once } = await startServer()
  await once(request('PUT /1', {}, 'a'))
  const body = line === 'POST /' ? JSON_READ : undefined
  const told = []
  for (const headers of [{}, { Read: 'log' }, { Read: 'leader' }, { read: 'quorum' }, { Read: 'any' }]) {
    const response = await once(request(line, headers, body))
    told.push([response.status, response.body.toString(), response.headers.get('inprogress')])
  }
  expect(gateway.paths.slice(1)).toEqual(['', '', 'leader', 'quorum', 'any'])
  expect(told).toEqual([
    [200, 'a', undefined],
    [200, 'a', undefined],
    [200, 'a', 'false'],
    [200, 'a', 'false'],
    [200, 'a', 'true'],
  ])
})

test('without the header reads take the path of the server, and writes none', async () => {
  const { gateway, once } = await startServer()
  gateway.read = 'quorum'
  await once(request('PUT /1', { Read: 'leader' }, 'a'))
  await once(request('GET /1'))
  await once(request('GET /1', { Read: 'log' }))
  expect(gateway.paths).toEqual(['', 'quorum', ''])
})

test.each(['', 'follower', 'Leader', 'any, any', '__proto__', 'toString'])('Read: %j is refused', async (name) => {
  const { gateway, once, servesWell } = await startServer()
  const response = await once(request('GET /1', { Read: name }))
  expect([response.status, response.body.toString()]).toEqual([400, 'Read is one of log, leader, quorum, any here\n'])
  expect(gateway.submitted).toEqual([])
  await servesWell()
})

test('a path that the protocol does not have is 501', async () => {
  const poor = new FakeGateway()
  poor.offers = { ...poor.offers, reads: ['leader'] }
  const { once } = await startServer({}, poor)
  for (const line of ['GET /1', 'GET /kv/1']) {
    const response = await once(request(line, { Read: 'any' }))
    expect([response.status, response.body.toString()]).toEqual([501, 'this protocol has no reads of any\n'])
  }
  expect(poor.submitted).toEqual([])
})
