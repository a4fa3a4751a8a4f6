/** Callers whose types nobody has checked: what is no key, value, version or time is refused before anything is sent. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Client, KeyValueClient, type Session } from './index.ts'

/** What the node has been asked, but for sessions. */
const asked: string[] = []
const server = createServer((request, response) => {
  const opens = request.url === '/session'
  if (!opens) asked.push(`${request.method} ${request.url}`)
  response.writeHead(opens ? 201 : 200, { Cid: request.headers.cid ?? '' }).end(opens ? '{"session":"1-00000001"}' : '')
})
let nodes: Record<string, string>
let client: Client
let kv: KeyValueClient
let session: Session

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  nodes = { a: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  client = new Client({ nodes, retries: 3 })
  kv = new KeyValueClient({ nodes })
  session = await kv.openSession()
})

beforeEach(() => void asked.splice(0))

afterAll(async () => {
  await Promise.all([client.close(), kv.close()])
  server.close()
  await once(server, 'close')
})

/** That all calls fail alike, and nothing was sent. */
async function refused(calls: readonly Promise<unknown>[], how: unknown): Promise<void> {
  const settled = await Promise.allSettled(calls)
  for (const result of settled) expect(result).toEqual({ status: 'rejected', reason: how })
  expect([asked, session.acknowledged]).toEqual([[], 0])
}

const typeError = (message: string) =>
  expect.objectContaining({ name: 'TypeError', message: expect.stringContaining(message) as string })

describe('before anything is sent', () => {
  it.each([undefined, null, true, {}, ['1']])('%j is no key', async (given) => {
    const key = given as unknown as string
    const plain = [client.get(key), client.put(key, 'x'), client.history(key), kv.get(key)]
    const writes = [kv, session].flatMap((to) => [to.put(key, ''), to.delete(key), to.compareAndSet(key, 1, '')])
    await refused([...plain, ...writes], typeError('a key is a string, a number or a bigint, not'))
  })

  it.each([undefined, 5, true, {}, [1], new ArrayBuffer(1)])('%o is no value', async (given) => {
    const value = given as unknown as string
    const writes = [kv, session].flatMap((to) => [to.put('k', value), to.compareAndSet('k', 1, value)])
    await refused([client.put(1, value), ...writes], typeError('a value is a string or a Uint8Array, not'))
  })

  it('null is no value of a put; a compare-and-set with it deletes', async () => {
    const value = null as unknown as string
    await refused([client.put(1, value), kv.put('k', value), session.put('k', value)], typeError('not null'))
    await kv.compareAndSet('k', 1, null)
    expect(asked).toEqual(['DELETE /kv/k'])
  })

  it.each([undefined, '1', 0.5, Number.NaN])('%j is no version', async (given) => {
    const expected = given as number
    const calls = [kv, session].map((to) => to.compareAndSet('k', expected, 'v'))
    await refused(calls, typeError('the version expected is a whole number or null, not'))
  })

  it.each([Number.NaN, Infinity, 2 ** 31, 2 ** 32, 0, -1, '5', null])('%j is no time', async (given) => {
    const timeoutMs = given as number
    const options = { timeoutMs }
    const message = expect.stringMatching(`must be above 0 and at most 2147483647 ms, not ${given}$`) as string
    const wrong = expect.objectContaining({ code: 'config', message })
    const plain = [client.get(1, options), client.put(1, 'x', options), client.state(options)]
    const others = [client.ready('a', options), kv.get('k', options), kv.openSession(options)]
    const writes = [kv, session].flatMap((to) => [to.put('k', '', options), to.delete('k', options)])
    await refused([...plain, ...others, ...writes], wrong)
  })

  it.each([Number.NaN, Infinity, 2 ** 31, 2 ** 32, 0, -1, '5'])('%j is no time of a client', (given) => {
    const wrong = expect.objectContaining({
      code: 'config',
      message: expect.stringContaining(`not ${given}`) as string,
    })
    const ms = given as number
    expect(() => new Client({ nodes, timeoutMs: ms })).toThrow(wrong)
    expect(() => new KeyValueClient({ nodes, timeoutMs: ms })).toThrow(wrong)
    expect(() => new KeyValueClient({ nodes, attemptMs: ms })).toThrow(wrong)
  })

  it('tries without a bound are not asked for by mistake', () => {
    const wrong = expect.objectContaining({ code: 'config' })
    expect(() => new Client({ nodes, retries: Number.NaN })).toThrow(wrong)
    expect(() => new KeyValueClient({ nodes, attempts: Number.NaN })).toThrow(wrong)
  })
})
