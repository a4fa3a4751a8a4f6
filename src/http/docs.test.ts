/** `/docs`: every route is described as it behaves, describing costs nothing, and what guards the routes guards the pages. */
import { readdirSync, readFileSync } from 'node:fs'
import { ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { PATHS } from './pages.ts'
import { createHttpServer } from './server.ts'
import { FakeGateway } from './testing/fake-gateway.ts'
import { request, startServer } from './testing/test-server.ts'

interface Example {
  readonly example?: unknown
  readonly schema?: { readonly examples?: readonly unknown[] }
}

interface Operation {
  readonly summary: string
  readonly parameters?: readonly (Example & { in: string; name: string; required: boolean; description: string })[]
  readonly requestBody?: { readonly description: string; readonly content: Readonly<Record<string, Example>> }
  readonly responses: Readonly<
    Record<string, { description: string; headers?: Record<string, Example>; content?: Record<string, Example> }>
  >
}

/** The document, and the routes that the server has, each with one method. */
async function documented() {
  const app = createHttpServer(new FakeGateway())
  const routes: { method: string; url: string; validates: boolean }[] = []
  app.addHook('onRoute', ({ method, url, schema }) => {
    for (const one of [method].flat()) routes.push({ method: one, url, validates: schema !== undefined })
  })
  await app.ready()
  const paths = app.swagger().paths as Readonly<Record<string, Readonly<Record<string, Operation>>>>
  await app.close()
  return { paths, routes: routes.filter(({ url }) => !url.startsWith('/docs')) }
}

const { paths, routes } = await documented()
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
)

describe('the document', () => {
  test('has every route, and nothing else', () => {
    const written = (url: string) => url.replace('/kv/*', '/kv/{key}').replace(':key', '{key}')
    expect(routes.length).toBeGreaterThan(20)
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      routes.map(({ method, url }) => `${method} ${written(url)}`).sort(),
    )
  })

  test.each(operations)('describes $method $path, with examples', ({ operation }) => {
    expect(operation.summary).toMatch(/\w/)
    for (const parameter of operation.parameters ?? []) {
      expect(parameter, parameter.name).toMatchObject({
        description: expect.stringMatching(/\w/),
        example: expect.anything(),
      })
    }
    for (const [status, { description, headers, content }] of Object.entries(operation.responses)) {
      expect(description, status).not.toBe('Default Response')
      for (const header of Object.values(headers ?? {})) expect(header.schema?.examples, status).toHaveLength(1)
      for (const media of Object.values(content ?? {})) expect(media.example, status).toBeDefined()
    }
  })

  test.each(operations)('has what any request can get, of $method $path too', ({ operation }) => {
    const statuses = Object.keys(operation.responses)
    expect(statuses).toEqual(expect.arrayContaining(['400', '405', '408', '413', '417', '431', '500', '503']))
    expect(operation.responses['405']?.headers).toHaveProperty('Allow')
  })

  test('has every status that docs/rest.md has', () => {
    const text = readFileSync(new URL('../../docs/rest.md', import.meta.url), 'utf8')
    const rows = [...text.matchAll(/^\| (\d{3}(?:, \d{3})*) \|/gm)].flatMap(([, row = '']) => row.split(', '))
    expect(rows.length).toBeGreaterThan(10)
    expect(operations.flatMap(({ operation }) => Object.keys(operation.responses))).toEqual(
      expect.arrayContaining(rows),
    )
  })

  test('makes no route validate or serialise', () => {
    expect(routes.filter(({ validates }) => validates)).toEqual([])
  })

  test.each(operations)(
    'the examples of $method $path get an answer that is in it',
    async ({ method, path, operation }) => {
      const { gateway, once } = await startServer()
      const example = (place: string, name: string) => {
        const found = operation.parameters?.find((one) => one.in === place && one.name === name)
        return encodeURIComponent(String(found?.example))
      }
      const query = (operation.parameters ?? []).filter((one) => one.in === 'query')
      const target = `${path.replace('{key}', example('path', 'key'))}?${query.map(({ name }) => `${name}=${example('query', name)}`).join('&')}`
      const [media] = Object.values(operation.requestBody?.content ?? {})
      const body = typeof media?.example === 'string' ? media.example : media ? JSON.stringify(media.example) : ''
      const { status } = await once(request(`${method} ${target}`, {}, body), method === 'HEAD')
      const healing = path === '/heal'
      // The example names one fault of three kinds, which exclude each other.
      expect(Object.keys(operation.responses)).toContain(String(status))
      if (!healing && path !== '/kv/{key}') expect(status).toBeLessThan(300)
      if (status === 404) expect(gateway.submitted).toHaveLength(1)
    },
  )
})

describe('the pages', () => {
  test('come from here, and let nothing else in', async () => {
    const { once } = await startServer()
    for (const target of ['/docs', '/docs/', '/docs/json', '/docs/yaml', '/docs/static/swagger-ui.css']) {
      const { status, headers, body } = await once(request(`GET ${target}`))
      expect(status, target).toBe(200)
      expect(headers.get('content-security-policy'), target).toContain("default-src 'self'")
      expect(headers.get('content-security-policy'), target).not.toContain('http')
      expect(headers.get('x-content-type-options'), target).toBe('nosniff')
      expect(body.toString(), target).not.toContain('validator.swagger.io')
    }
  })

  test.each([
    '//docs',
    '/docs//json',
    '/docs/nothing',
    '/docs/json/',
    '/docs/%2e%2e/state',
    '/docs/%6ason',
    '/docs/static/%2e%2e/%2e%2e/package.json',
    '/docs/static/..',
    '/docs/static/../json',
    '/docs/static/../../package.json',
    '/docs/static/..\\package.json',
    '/docs/static/nothing',
    '/docs/../state',
    'http://x/docs',
    '/DOCS',
    '/docs;x',
    '/docs/%zz',
    '/docs#x',
  ])('%s is refused', async (target) => {
    const { once, servesWell } = await startServer()
    const { status, body } = await once(request(`GET ${target}`))
    expect(status).toBe(400)
    expect(body.toString()).toBe('invalid path\n')
    await servesWell()
  })

  test('other methods get 405', async () => {
    const { once } = await startServer()
    const { status, headers } = await once(request('POST /docs/json', {}, 'x'))
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('are all that the library has, and HEAD answers as GET does', async () => {
    const { client } = await startServer()
    const folder = join(dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui')), 'static')
    const files = readdirSync(folder).map((name) => `/docs/static/${name}`)
    expect(PATHS).toEqual(expect.arrayContaining(files))
    const one = client()
    for (const target of PATHS) {
      const { status, headers, body } = await one.exchange(request(`GET ${target}`))
      expect(status, target).toBe(target === '/docs/static/index.html' ? 302 : 200)
      const name = basename(target)
      if (status === 200 && name.includes('.') && files.includes(target)) {
        expect(body.equals(readFileSync(join(folder, name))), target).toBe(true)
      }
      const head = await one.exchange(request(`HEAD ${target}`), true)
      const told = (of: ReadonlyMap<string, string>) => [...of].filter(([header]) => header !== 'date')
      expect([head.status, told(head.headers)], target).toEqual([status, told(headers)])
    }
  })

  test('a client that takes nothing is given no more of them than it may be owed, and all when it does', async () => {
    const { client, once } = await startServer()
    const target = '/docs/static/swagger-ui-bundle.js'
    const count = 12
    const page = await once(request(`GET ${target}`))
    let written = 0
    const end = ServerResponse.prototype.end
    const spy = vi.spyOn(ServerResponse.prototype, 'end').mockImplementation(function (this: ServerResponse, ...given) {
      written += 1
      return end.apply(this, given as Parameters<typeof end>)
    })
    const one = client()
    one.socket.pause()
    one.send(request(`GET ${target}`).repeat(count))
    for (let round = 1; round <= 20; round++) await once(request('GET /health'))
    spy.mockRestore()
    // Those of the others, too.
    expect(written - 20).toBeGreaterThan(1)
    expect(written - 20).toBeLessThan(count - 2)
    one.socket.resume()
    for (let i = 0; i < count; i++) expect((await one.response()).body.equals(page.body)).toBe(true)
  })

  test('are refused where all answers together have no room', async () => {
    const { client, once, servesWell } = await startServer({ openLimit: 100_000 })
    await once(request('GET /docs/json'))
    const one = client()
    one.send(request('GET /docs/json').repeat(3))
    expect([(await one.response()).status, (await one.response()).status, (await one.response()).status]).toEqual([
      200, 503, 503,
    ])
    await servesWell()
  })

  test('asked for at the same time they are made once', async () => {
    const { app, client } = await startServer()
    const made = vi.spyOn(app, 'swagger')
    const one = client()
    one.send(request('GET /docs/json').repeat(5))
    for (let i = 0; i < 5; i++) expect((await one.response()).status).toBe(200)
    expect(made).toHaveBeenCalledTimes(1)
  })

  test('count as answered: bytes that are no HTTP behind one get their own answer', async () => {
    const { client } = await startServer()
    const one = client()
    expect((await one.exchange(request('GET /docs/json'))).status).toBe(200)
    expect((await one.exchange('no HTTP\r\n\r\n')).status).toBe(400)
  })
})

test('/metrics answers with what the gateway tells, and with 500 when it cannot', async () => {
  const gateway = new FakeGateway()
  const { client, once } = await startServer({}, gateway)
  const { status, headers, body } = await once(request('GET /metrics'))
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  expect(body.toString()).toBe('synod_store_keys 0\n')
  const made = vi.spyOn(gateway, 'metrics')
  const one = client()
  one.send(request('GET /metrics').repeat(5))
  for (let i = 0; i < 5; i++) expect((await one.response()).status).toBe(200)
  expect(made).toHaveBeenCalledTimes(1)
  gateway.defect = new Error('no metrics today')
  expect((await once(request('GET /metrics'))).status).toBe(500)
})
