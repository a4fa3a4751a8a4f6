/** What becomes of requests when their client is closed. */
import { afterEach, describe, expect, it } from 'vitest'
import { Client, RefusedError, UnknownOutcomeError } from './index.ts'
import { closeAll, failureOf, inSession, pair, type Script, type Scripted } from './testing/scripted-pair.ts'

afterEach(closeAll)

describe('closed', () => {
  const closed = { code: 'usage', message: 'the client is closed' }

  it('a client refuses everything at once, and may be closed again', async () => {
    const { asked, client } = await pair(inSession(() => [200]))
    const session = await client.openSession()
    await Promise.all([client.close(), client.close()])
    await client.close()
    const calls = [client.get('k'), client.put('k', 'v'), client.openSession(), session.put('k', 'v')]
    for (const call of calls) {
      const error = await failureOf(call)
      expect(error).toMatchObject(closed)
      expect(error).toBeInstanceOf(RefusedError)
    }
    expect(asked).toHaveLength(1)
    const plain = new Client({ nodes: { a: 'http://127.0.0.1:9' }, retries: 3 })
    await Promise.all([plain.close(), plain.close()])
    await plain.close()
    const others = [plain.get(1), plain.put(1, 'x'), plain.history(1), plain.state(), plain.ready('a')]
    for (const call of [...others, plain.faults.heal('a')]) expect(await failureOf(call)).toMatchObject(closed)
  })

  it('a client answers what a session had begun, also in the same turn', async () => {
    const { client } = await pair(inSession(() => [200]))
    const session = await client.openSession()
    const writes = [client.put('k', 'v'), session.put('k', 'v')]
    await client.close()
    expect(await Promise.all(writes)).toMatchObject([{ node: 'a' }, { node: 'a' }])
  })

  it('between two attempts a client ends the request, whose outcome stays unknown', async () => {
    const { asked, client } = await pair(
      inSession(() => {
        void client.close()
        return null
      }),
    )
    const session = await client.openSession()
    const error = await failureOf(session.put('k', 'v'))
    expect(error).toBeInstanceOf(UnknownOutcomeError)
    expect(error).toMatchObject({
      message: 'the client is closed, after 2 attempts; an earlier one may have been applied',
    })
    expect(asked).toHaveLength(2)
  })

  it('a session refuses the writes that wait for their turn, and answers those under way', async () => {
    let release: () => void = () => {}
    const script: Script = ({ headers }) =>
      headers.seq === '1' ? new Promise<Scripted>((resolve) => (release = () => resolve([200]))) : [200]
    const { asked, client } = await pair(inSession(script))
    const session = await client.openSession()
    const first = session.put('k', '')
    await Promise.all(Array.from({ length: 1023 }, () => session.put('k', '')))
    const waiting = Array.from({ length: 3 }, () => failureOf(session.put('k', '')))
    const end = client.close()
    release()
    expect(await first).toMatchObject({ node: 'a' })
    for (const error of await Promise.all(waiting)) {
      expect(error).toBeInstanceOf(RefusedError)
      expect(error).toMatchObject(closed)
    }
    await end
    expect(asked).toHaveLength(1 + 1024)
  })

  it('a session refuses a write that waits to be sent again, if it was certainly not applied before', async () => {
    let release: () => void = () => {}
    const refused = new Promise<void>((resolve) => {
      release = resolve
    })
    const script: Script = async ({ headers }) => {
      if (headers.seq !== '1') return [503, 'the session is full', { 'Retry-After': '1' }]
      await refused
      return [200]
    }
    const { asked, client } = await pair(inSession(script))
    const session = await client.openSession()
    const first = session.put('k', '')
    const again = failureOf(session.put('k', ''))
    await expect.poll(() => asked.length).toBe(3)
    const end = client.close()
    release()
    expect(await first).toMatchObject({ node: 'a' })
    const error = await again
    expect(error).toBeInstanceOf(RefusedError)
    expect(error).toMatchObject({ ...closed, message: 'the client is closed, after 2 attempts' })
    await end
    expect(asked).toHaveLength(3)
  })
})
