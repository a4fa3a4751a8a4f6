/** Requests that Node's parser is tested with: whatever is malformed gets no success and ends its connection. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startServer } from './testing/test-server.ts'

interface Sample {
  readonly id: string
  readonly title: string
  readonly expect: 'ok' | 'error'
  readonly input_b64: string
}

const file = new URL('../../../shared/http/llhttp-requests.jsonl', import.meta.url)
const present = existsSync(file)
if (!present) console.warn('SKIPPED: the requests of llhttp, because ../shared/http/llhttp-requests.jsonl is missing')

const samples = present
  ? readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Sample)
  : []

/** The samples have lost the line ends they had at their end, so each is sent as it is, and with them. */
const ENDINGS = ['', '\r\n', '\r\n\r\n']

test.skipIf(!present)('no sample of llhttp succeeds, and malformed ones end their connection', async () => {
  const server = await startServer({ headersTimeoutMs: 150, requestTimeoutMs: 300, checkIntervalMs: 50 })
  expect(samples.filter((sample) => sample.expect === 'error').length).toBeGreaterThan(25)
  await Promise.all(
    samples.flatMap((sample) =>
      ENDINGS.map(async (ending) => {
        const client = server.client()
        client.send(Buffer.concat([Buffer.from(sample.input_b64, 'base64'), Buffer.from(ending)]))
        // A well-formed sample may leave the connection open for more.
        if (sample.expect === 'error') await client.closed
        else await client.response().catch(() => {})
        expect(client.received.toString('latin1'), `${sample.id} ${sample.title}`).not.toMatch(/HTTP\/1\.1 2/)
      }),
    ),
  )
  expect(server.gateway.submitted).toEqual([])
  await server.servesWell()
})
