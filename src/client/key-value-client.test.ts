/** The key-value client against scripted nodes: what it sends, where it fails over to, and how it tells failures apart. */
import { afterEach, describe, expect, it } from 'vitest'
import { isDefinite, KeyValueClient, RefusedError, UnknownOutcomeError } from './index.ts'
import { closeAll, failureOf, inSession, pair, type Script, type Scripted } from './testing/scripted-pair.ts'

afterEach(closeAll)

describe('requests', () => {
  it('name any key, and tell an absent one from an empty value', async () => {
    const { asked, client } = await pair((one) => (one.line.endsWith('gone') ? [404] : [200, '', { ETag: '"3"' }]))
    expect((await client.get('a/ü')).value).toEqual(Buffer.alloc(0))
    expect(await client.get('gone')).toMatchObject({ value: null, version: null, node: 'a' })
    expect((await client.get(42n)).version).toBe(3)
    expect(asked.map(({ line }) => line)).toEqual(['GET /kv/a%2F%C3%BC', 'GET /kv/gone', 'GET /kv/42'])
  })

  it('of reads name the path asked for, and of others none', async () => {
    const { asked, client } = await pair(() => [200, 'v', { Inprogress: 'true' }])
    expect(await client.get('k', { read: 'any' })).toMatchObject({ value: Buffer.from('v'), inProgress: true })
    for (const read of ['log', 'leader', 'quorum'] as const) await client.get('k', { read })
    await client.get('k')
    await client.put('k', 'v')
    expect(asked.map(({ headers }) => headers.read)).toEqual(['any', 'log', 'leader', 'quorum', undefined, undefined])
  })

  it('for a path that the protocol does not have are refused once', async () => {
    const { asked, client } = await pair(() => [501, 'this protocol has no reads of quorum'])
    const error = await failureOf(client.get('k', { read: 'quorum' }))
    expect([error instanceof RefusedError, error.code, asked.length]).toEqual([true, 'unsupported', 1])
  })

  it('write, delete and compare', async () => {
    const { asked, client } = await pair(({ headers }) =>
      headers['if-match'] === '"9"' ? [412, '', { ETag: '"4"' }] : [200, 'old', { ETag: '"5"' }],
    )
    expect(await client.put('k', 'v')).toMatchObject({ previous: Buffer.from('old'), version: 5 })
    expect(await client.delete('k')).toMatchObject({ deleted: true, previous: Buffer.from('old') })
    expect(await client.compareAndSet('k', 9, 'v')).toMatchObject({ swapped: false, version: 4 })
    expect(await client.compareAndSet('k', 4, 'v')).toMatchObject({ swapped: true, version: 5 })
    expect(await client.compareAndSet('k', null, null)).toMatchObject({ swapped: true })
    expect(
      asked.map(({ line, headers, body }) => [line, headers['if-match'] ?? headers['if-none-match'], body]),
    ).toEqual([
      ['PUT /kv/k', undefined, 'v'],
      ['DELETE /kv/k', undefined, ''],
      ['PUT /kv/k', '"9"', 'v'],
      ['PUT /kv/k', '"4"', 'v'],
      ['DELETE /kv/k', '*', ''],
    ])
  })

  it('take a 404 for an absent key from a node of ours only', async () => {
    const { client } = await pair(() => [404, 'no such page', { Cid: [] as unknown as string }])
    expect(await failureOf(client.get('k'))).toMatchObject({ code: 'unsupported' })
  })

  it.each(['\ud800', 2 ** 53, 0.5])('with the key %j are refused before anything is sent', async (key) => {
    const { asked, client } = await pair(() => [200])
    for (const call of [client.get(key), client.put(key, ''), client.delete(key), client.compareAndSet(key, 1, '')])
      expect((await failureOf(call)).code).toBe('malformed')
    expect(asked).toEqual([])
  })
})

describe('without a session', () => {
  it('a write goes to another node after a definite refusal', async () => {
    const { asked, client } = await pair(({ node }) => (node === 'a' ? [503] : [200]))
    expect((await client.put('k', 'v')).node).toBe('b')
    expect(asked.map(({ node }) => node)).toEqual(['a', 'b'])
  })

  it.each([[504], null] as const)('a write whose outcome is unknown is not repeated: %j', async (answer) => {
    const { asked, client } = await pair(() => (answer ? [answer[0]] : null))
    const error = await failureOf(client.put('k', 'v'))
    expect(error).toBeInstanceOf(UnknownOutcomeError)
    expect(asked).toHaveLength(1)
  })

  it('a read is', async () => {
    const { asked, client } = await pair(({ node }) => (node === 'a' ? [504] : [200, 'v']))
    expect((await client.get('k')).value?.toString()).toBe('v')
    expect(asked).toHaveLength(2)
  })

  it('a write that no node takes is refused for certain', async () => {
    const { asked, client } = await pair(() => [503], { attempts: 3 })
    const error = await failureOf(client.put('k', 'v'))
    expect(error).toBeInstanceOf(RefusedError)
    expect([error.code, asked.length]).toEqual(['unavailable', 3])
  })

  it('a write that no node will ever take is tried once', async () => {
    const { asked, client } = await pair(() => [413])
    expect(await failureOf(client.put('k', 'v'))).toBeInstanceOf(RefusedError)
    expect(asked).toHaveLength(1)
  })

  it('a request ends when its time is over, whatever is left to try', async () => {
    const { client } = await pair(() => new Promise<null>(() => {}), { attemptMs: 20 })
    expect(await failureOf(client.get('k', { timeoutMs: 90 }))).toBeInstanceOf(UnknownOutcomeError)
    expect(await failureOf(client.put('k', 'v', { timeoutMs: 90 }))).toBeInstanceOf(UnknownOutcomeError)
  })

  it('what was never sent for want of a connection is refused, and says so', async () => {
    const { client } = await pair(() => new Promise<null>(() => {}), { connections: 1, attempts: 1 })
    const first = failureOf(client.get('k', { timeoutMs: 60 }))
    const error = await failureOf(client.put('k', 'v', { timeoutMs: 20 }))
    expect([error.name, error.message]).toEqual([
      'RefusedError',
      expect.stringMatching(/^node a: no connection within \d+ ms$/),
    ])
    expect((await first).name).toBe('UnknownOutcomeError')
  })

  it('what is left of its time is told in whole milliseconds', async () => {
    const { client } = await pair(() => new Promise<null>(() => {}))
    const { message } = await failureOf(client.put('k', 'v', { timeoutMs: 20 }))
    expect(message).toMatch(/^node a: no answer within \d+ ms$/)
  })
})
describe('in a session', () => {
  it('a write whose outcome is unknown is repeated elsewhere, with the same place', async () => {
    const { asked, client } = await pair(inSession(({ node }) => (node === 'a' ? null : [200, '', { ETag: '"1"' }])))
    const session = await client.openSession()
    expect(await session.put('k', 'v')).toMatchObject({ node: 'b', version: 1 })
    await session.delete('k')
    const places = asked.slice(1).map(({ node, headers }) => [node, headers.session, headers.seq, headers.acked])
    expect(places).toEqual([
      ['a', '7-0000000a', '1', '0'],
      ['b', '7-0000000a', '1', '0'],
      ['a', '7-0000000a', '2', '1'],
      ['b', '7-0000000a', '2', '1'],
    ])
  })

  it.each([410, 409, 503])('a refusal by %i after an unknown attempt is no definite one', async (status) => {
    const { client } = await pair(
      inSession((_, count) => (count === 1 ? [504] : [status])),
      { attempts: 2 },
    )
    const session = await client.openSession()
    const error = await failureOf(session.put('k', 'v'))
    expect(error).toBeInstanceOf(UnknownOutcomeError)
    expect([error.name, isDefinite(error)]).toEqual(['UnknownOutcomeError', false])
    expect(error.message).toMatch(/ answered \d+, after 2 attempts; an earlier one may have been applied$/)
  })

  it.each([
    [410, 'expired'],
    [409, 'conflict'],
    [501, 'unsupported'],
  ])('a refusal by %i at once is definite, and has the code %s', async (status, code) => {
    const { asked, client } = await pair(inSession(() => [status]))
    const session = await client.openSession()
    const error = await failureOf(session.put('k', 'v'))
    expect([error instanceof RefusedError, error.code, asked.length]).toEqual([true, code, 2])
  })

  it('the mark passes a sequence only when all below have ended, also those that were given up', async () => {
    const held: (() => void)[] = []
    const script: Script = ({ headers }) =>
      headers.seq === '1' ? new Promise<null>((resolve) => held.push(() => resolve(null))) : [200]
    const { asked, client } = await pair(inSession(script), { attempts: 1 })
    const session = await client.openSession()
    const slow = failureOf(session.put('k', 'slow'))
    await session.put('k', 'fast')
    await session.put('k', 'fast')
    expect(session.acknowledged).toBe(0)
    held[0]!()
    expect(await slow).toBeInstanceOf(UnknownOutcomeError)
    await session.put('k', 'last')
    expect(asked.slice(1).map(({ headers }) => `${headers.seq} ${headers.acked}`)).toEqual(['1 0', '2 0', '3 0', '4 3'])
  })

  it('no more writes are under way than the cluster keeps', async () => {
    const held: (() => void)[] = []
    const script: Script = ({ headers }) =>
      headers.seq === '1' ? new Promise<null>((resolve) => held.push(() => resolve(null))) : [200]
    const { asked, client } = await pair(inSession(script), { attempts: 1 })
    const session = await client.openSession()
    const first = failureOf(session.put('k', ''))
    const others = Array.from({ length: 1030 }, () => session.put('k', ''))
    await Promise.all(others.slice(0, 1023))
    expect(Math.max(...asked.slice(1).map(({ headers }) => Number(headers.seq)))).toBe(1024)
    held[0]!()
    await first
    await Promise.all(others)
    expect(asked).toHaveLength(1 + 1031)
  })

  it('a write that finds the window full waits as long as its time allows, and is not sent', async () => {
    let release: () => void = () => {}
    const script: Script = ({ headers }) =>
      headers.seq === '1' ? new Promise<null>((resolve) => (release = () => resolve(null))) : [200]
    const { asked, client } = await pair(inSession(script), { attempts: 1 })
    const session = await client.openSession()
    const first = failureOf(session.put('k', ''))
    await Promise.all(Array.from({ length: 1023 }, () => session.put('k', '')))
    const error = await failureOf(session.put('k', 'late', { timeoutMs: 20 }))
    expect([error instanceof RefusedError, error.code]).toEqual([true, 'overloaded'])
    expect(error.message).toBe("the session's window was full for 20 ms; nothing was sent")
    expect(asked).toHaveLength(1 + 1024)
    release()
    await first
    // It has left no gap.
    await session.put('k', '')
    expect(asked.at(-1)!.headers).toMatchObject({ seq: '1025', acked: '1024' })
  })

  it('writes side by side all end well though the cluster keeps few answers at once', async () => {
    const [writes, kept, most] = [24, new Set<number>(), 4]
    let mark = 0
    let executed = 0
    /** As the state machine does it. */
    const execute = (sequence: number, acknowledged: number): Scripted => {
      mark = Math.max(mark, acknowledged)
      for (const old of kept) if (old <= mark) kept.delete(old)
      if (sequence <= mark) return [409]
      if (kept.has(sequence)) return [200]
      if (kept.size >= most && sequence !== mark + 1) return [503, 'the session is full', { 'Retry-After': '1' }]
      kept.add(sequence)
      executed += 1
      return [200]
    }
    // The first attempts are executed from the last to the first: the worst order.
    const first: (() => void)[] = []
    const script: Script = async ({ headers }, count) => {
      if (count <= writes) {
        const turn = new Promise<void>((resolve) => first.unshift(resolve))
        if (count === writes) for (const go of first) go()
        await turn
      }
      return execute(Number(headers.seq), Number(headers.acked))
    }
    const { client } = await pair(inSession(script), { connections: writes })
    const session = await client.openSession()
    await Promise.all(Array.from({ length: writes }, () => session.put('k', 'v')))
    expect([executed, session.acknowledged]).toEqual([writes, writes])
  })

  it('opening is repeated, and refused where there are none', async () => {
    const { client } = await pair(({ node }) => (node === 'a' ? null : [201, '{"session":"1-00000001"}']))
    expect((await client.openSession()).id).toBe('1-00000001')
    const { client: other } = await pair(() => [501])
    expect(await failureOf(other.openSession())).toMatchObject({ code: 'unsupported' })
    const { client: odd } = await pair(() => [201, '{}'])
    expect(await failureOf(odd.openSession())).toMatchObject({ code: 'malformed' })
  })
})

it.each([{ nodes: {} }, { nodes: { a: 'http://x' }, id: 'b' }, { nodes: { a: 'http://x' }, timeoutMs: 0 }])(
  'the options %j make no sense',
  (options) => {
    expect(() => new KeyValueClient(options)).toThrow(expect.objectContaining({ code: 'config' }))
  },
)
