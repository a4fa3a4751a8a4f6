/** Nodes whose answers do not end: they are cut off, a write's outcome is unknown then, and the longest allowed one passes. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client, KeyValueClient, UnknownOutcomeError } from './index.ts'

const MOST = 100_000
/** Without a bound an answer is read to this end, so that a test fails instead of filling the memory. */
const END = 2 ** 23

/** Answers with as many bytes as the last number in the path asks for, whatever the method; a history is one of one value. */
const server = createServer((request, response) => {
  request.resume()
  const bytes = Number(/(\d+)$/.exec(request.url ?? '')?.[1])
  response.writeHead(200, { Cid: request.headers.cid ?? '' })
  if (request.url?.startsWith('/history')) response.end(`["${'A'.repeat(bytes - 4)}"]`)
  else response.end(Buffer.alloc(bytes))
})
let nodes: Record<string, string>
let client: Client
let kv: KeyValueClient

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  nodes = { a: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  client = new Client({ nodes, answerBytes: MOST, connections: 1 })
  kv = new KeyValueClient({ nodes, answerBytes: MOST, attempts: 2 })
})

afterAll(async () => {
  await Promise.all([client.close(), kv.close()])
  server.close()
  await once(server, 'close')
})

const sentence = `node a: the answer has more than ${MOST} bytes`

test('the longest that is allowed is given whole', async () => {
  expect((await client.get(MOST)).value).toHaveLength(MOST)
  expect((await client.put(MOST, 'x')).previous).toHaveLength(MOST)
  expect((await kv.get(MOST)).value).toHaveLength(MOST)
})

test('a longer one has failed, and the next request goes well', async () => {
  for (const bytes of [MOST + 1, END]) {
    await expect(client.get(bytes)).rejects.toMatchObject({ code: 'unknown', message: sentence })
    await expect(client.put(bytes, 'x')).rejects.toMatchObject({ code: 'unknown', message: sentence })
    const write = kv.put(bytes, 'x')
    await expect(write).rejects.toBeInstanceOf(UnknownOutcomeError)
    await expect(write).rejects.toMatchObject({ code: 'unknown', message: sentence })
    await expect(kv.get(bytes)).rejects.toMatchObject({ message: `${sentence}, after 2 attempts` })
    expect((await client.get(5)).value).toHaveLength(5)
  }
})

test('a history may be longer than other answers', async () => {
  expect(await client.history(END)).toHaveLength(1)
})

test.each([0, -1, Number.NaN, '5'])('%o is no length', (given) => {
  const answerBytes = given as number
  const error = expect.objectContaining({ code: 'config', message: `answerBytes must be at least 1, not ${given}` })
  expect(() => new Client({ nodes, answerBytes })).toThrow(error)
  expect(() => new KeyValueClient({ nodes, answerBytes })).toThrow(error)
})
