/** Real answers have the headers that `/docs` says of them, and it says no others; route by route. */
import { expect, test } from 'vitest'
import { put } from '../command.ts'
import { ERRORS, type RefusalCode } from '../errors.ts'
import { createHttpServer } from './server.ts'
import { FakeGateway } from './testing/fake-gateway.ts'
import { request, startServer } from './testing/test-server.ts'

interface Operation {
  readonly parameters?: readonly { in: string; name: string; example: unknown }[]
  readonly requestBody?: unknown
  readonly responses: Readonly<Record<string, { headers?: Record<string, unknown> }>>
}

/** One thing to ask of a route; what is left out is a good request. */
interface Ask {
  readonly prepare?: (gateway: FakeGateway) => void
  readonly method?: string
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** What HTTP has in every answer, or in every one of its kind. */
const ORDINARY = new Set([
  ...['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'x-content-type-options'],
])

/** Room for all bodies but that of one ask. */
const OPEN_LIMIT = 5000

const NOT_DONE: readonly RefusalCode[] = ['unavailable', 'overloaded', 'unknown', 'unsupported', 'internal']
const BY_SESSION: readonly RefusalCode[] = ['expired', 'conflict']

const present = (gateway: FakeGateway): void => {
  gateway.machine.execute(put('42', Buffer.from('red')))
}

/** Whatever makes a difference to the headers of some route is asked of all. */
const ASKS: readonly Ask[] = [
  {},
  { prepare: present },
  { headers: { Read: 'any' } },
  { headers: { Read: 'any' }, prepare: present },
  { headers: { 'If-None-Match': '*' } },
  { headers: { 'If-Match': '"9"' }, prepare: present },
  { query: 'key=x' },
  { prepare: (gateway) => (gateway.history = () => [{ length: 2 ** 29 } as Uint8Array]) },
  { body: 'x'.repeat(OPEN_LIMIT + 1) },
  { method: 'PATCH' },
  ...NOT_DONE.map(refused),
]

function refused(code: RefusalCode): Ask {
  return {
    prepare: (gateway) => {
      gateway.refusal = { ok: false, code, reason: ERRORS[code].meaning }
    },
  }
}

async function operations() {
  const app = createHttpServer(new FakeGateway())
  await app.ready()
  const paths = app.swagger().paths as Readonly<Record<string, Readonly<Record<string, Operation>>>>
  await app.close()
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
}

function asksOf(path: string, { parameters = [] }: Operation): readonly Ask[] {
  const read = path === '/' ? [{ headers: { Read: 'any' }, body: '{"Key":42}' }] : []
  const takesSessions = parameters.some(({ name }) => name === 'Session')
  return [...ASKS, ...read, ...(takesSessions ? BY_SESSION.map(refused) : [])]
}

/** A good body, where one is wanted. */
function bodyOf(path: string, { requestBody }: Operation): string {
  if (requestBody === undefined) return ''
  return path === '/' ? '{"Key":42,"Value":"cmVk"}' : 'red'
}

function queryOf({ parameters = [] }: Operation): string {
  const query = parameters.filter((one) => one.in === 'query')
  return query.map(({ name, example }) => `${name}=${example}`).join('&')
}

/** The headers of each status that has some, in lower case and in order. */
function told(headers: Iterable<readonly [status: string, names: Iterable<string>]>): object {
  const rows = [...headers].map(([status, names]) => [status, [...names].map((name) => name.toLowerCase()).sort()])
  return Object.fromEntries(rows.filter(([, names]) => names!.length > 0))
}

test.each(await operations())('answers to $method $path', async ({ path, method, operation }) => {
  const sent = new Map<string, Set<string>>()
  for (const ask of asksOf(path, operation)) {
    const gateway = new FakeGateway()
    ask.prepare?.(gateway)
    const { once } = await startServer({ openLimit: OPEN_LIMIT }, gateway)
    const query = ask.query ?? queryOf(operation)
    const line = `${ask.method ?? method} ${path.replace('{key}', '42')}${query && `?${query}`}`
    const asked = request(line, { Id: 'a', Cid: '7', ...ask.headers }, ask.body ?? bodyOf(path, operation))
    const { status, headers } = await once(asked, line.startsWith('HEAD'))
    const names = sent.get(String(status)) ?? new Set()
    for (const name of headers.keys()) if (!ORDINARY.has(name)) names.add(name)
    sent.set(String(status), names)
  }
  expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining([...sent.keys()]))
  const documented = Object.entries(operation.responses)
  expect(told(sent)).toEqual(told(documented.map(([status, { headers }]) => [status, Object.keys(headers ?? {})])))
})
