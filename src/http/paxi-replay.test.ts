/** Replays exchanges of Paxi's programs with Paxi's servers: ours must answer the same, slots and ballots by form. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FakeGateway } from './testing/fake-gateway.ts'
import { parseResponse, type RawResponse } from './testing/raw-client.ts'
import { startServer, type TestServer } from './testing/test-server.ts'

interface Exchange {
  readonly from: string
  readonly node: string
  readonly request_b64: string
  readonly reply_b64: string
}

const recording = new URL('../../../shared/http/paxi.jsonl', import.meta.url)
const present = existsSync(recording)
if (!present) console.warn('SKIPPED: the replay of Paxi, because ../shared/http/paxi.jsonl is missing')

/** What may differ: time, and what concerns only this hop. */
const FREE = new Set(['date', 'connection', 'keep-alive'])
const FORMS: ReadonlyMap<string, RegExp> = new Map([
  ['slot', /^[0-9]+$/],
  ['execute', /^[0-9]+$/],
  ['ballot', /^[1-9][0-9]*\.[1-9][0-9]*\.[1-9][0-9]*$/],
])

/** A response with what is compared only by its form replaced by that form. */
function comparable({ status, headers, body }: RawResponse): unknown {
  const named = [...headers].filter(([name]) => !FREE.has(name)).sort(([a], [b]) => (a < b ? -1 : 1))
  const formed = named.map(([name, value]) => {
    const form = FORMS.get(name)
    return [name, form ? `${form} ${form.test(value)}` : value]
  })
  return { status, headers: formed, body: body.toString('latin1') }
}

test.skipIf(!present)("every recorded exchange of Paxi's programs is answered as Paxi does", async () => {
  const lines = readFileSync(recording, 'utf8').trim().split('\n')
  // The three nodes of the recording agree: here they are three servers over one map.
  const first = new FakeGateway('1.1')
  const servers = new Map<string, TestServer>()
  for (const name of ['1.1', '1.2', '1.3']) {
    const gateway = name === '1.1' ? first : new FakeGateway(name)
    gateway.store = first.store
    gateway.machine = first.machine
    servers.set(name, await startServer({}, gateway))
  }
  expect(lines).toHaveLength(35)
  for (const line of lines) {
    const { from, node, request_b64, reply_b64 } = JSON.parse(line) as Exchange
    const sent = Buffer.from(request_b64, 'base64')
    const bodiless = sent.toString('latin1').startsWith('HEAD ')
    const recorded = parseResponse(Buffer.from(reply_b64, 'base64'), bodiless)
    const given = await servers.get(node)?.once(sent, bodiless)
    expect(given && comparable(given), from).toEqual(recorded && comparable(recorded.response))
  }
  expect(first.injected).toEqual(['drop 1.3 1'])
})
