/** Replays what Paxi's programs sent to Paxi's servers against a real cluster: it must answer as Paxi did. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseResponse, RawClient, type RawResponse } from '../../src/http/testing/raw-client.ts'
import { until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'

interface Exchange {
  readonly from: string
  readonly node: string
  readonly request_b64: string
  readonly reply_b64: string
}

const recording = new URL('../../../shared/http/paxi.jsonl', import.meta.url)
const present = existsSync(recording)
if (!present) console.warn('SKIPPED: the replay of Paxi on real servers, because ../shared/http/paxi.jsonl is missing')

/** What may differ: time, and what concerns only this hop. */
const FREE = new Set(['date', 'connection', 'keep-alive'])
/** What is compared only by its form: another cluster has other slots and ballots. */
const FORMS: ReadonlyMap<string, RegExp> = new Map([
  ['slot', /^[0-9]+$/],
  ['execute', /^[0-9]+$/],
  ['ballot', /^[1-9][0-9]*\.[1-9][0-9]*\.[1-9][0-9]*$/],
])
/** A key that the recording does not use. */
const PROBE = '/777777'
/** A probe that is lost is repeated sooner than the server would give it up. */
const PROBE_MS = 300

function comparable({ status, headers, body }: RawResponse): unknown {
  const named = [...headers].filter(([name]) => !FREE.has(name)).sort(([a], [b]) => (a < b ? -1 : 1))
  const formed = named.map(([name, value]) => {
    const form = FORMS.get(name)
    return [name, form ? `${form} ${form.test(value)}` : value]
  })
  return { status, headers: formed, body: body.toString('latin1') }
}

test.skipIf(!present)(
  "every recorded exchange of Paxi's programs is answered by a real cluster as Paxi did",
  async () => {
    const cluster = await RealCluster.create(['1.1', '1.2', '1.3'], { multiversion: true, fault_injection: true })
    await cluster.startAll()
    let slots = -1
    for (const line of readFileSync(recording, 'utf8').trim().split('\n')) {
      const { from, node, request_b64, reply_b64 } = JSON.parse(line) as Exchange
      const sent = Buffer.from(request_b64, 'base64')
      const head = sent.toString('latin1')
      const bodiless = head.startsWith('HEAD ')
      // When Paxi was recorded the nodes had had time to catch up; and its faults lasted for a second.
      if (head.includes(' /history')) await cluster.converged()
      const client = new RawClient(cluster.httpPort(node))
      try {
        const given = await client.exchange(sent, bodiless)
        const recorded = parseResponse(Buffer.from(reply_b64, 'base64'), bodiless)
        expect(comparable(given), from).toEqual(recorded && comparable(recorded.response))
        const slot = given.headers.get('slot')
        if (slot !== undefined) {
          expect(given.headers.get('execute')).toBe(slot)
          expect(Number(slot), `${from}: slots grow`).toBeGreaterThan(slots)
          slots = Number(slot)
        }
      } finally {
        client.close()
      }
      if (/ \/(crash|drop)\?.*t=\d/.test(head)) await healed(cluster)
    }
  },
)

/** Waits until every node serves a read through the log again. */
async function healed(cluster: RealCluster): Promise<void> {
  for (const id of cluster.ids) {
    await until(`${id} serves`, async () => (await cluster.ask(id, 'GET', PROBE, undefined, PROBE_MS)).status === 200)
  }
  await cluster.converged()
}
