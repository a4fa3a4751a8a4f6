/** Whole runs: on a store in memory that misbehaves at will, and over REST on a small server. */
import fastify from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { type BenchmarkConfig, parseBenchmark } from '../config/index.ts'
import { SynodError } from '../errors.ts'
import { Benchmark } from './benchmark.ts'
import { RestTransport } from './rest-transport.ts'
import type { OperationReceiver, Transport } from './transport.ts'

/** How an operation goes; `lose` acknowledges a write and drops it. */
type Manner = 'ok' | 'refuse' | 'doubt' | 'stale' | 'lose' | 'hang'
type Misbehave = (count: number, key: number, value: Uint8Array | null) => Manner

const EMPTY = new Uint8Array(0)

/** A store in memory. It answers in a later turn of the event loop. */
class MemoryTransport implements Transport {
  readonly store = new Map<number, Uint8Array>()
  readonly first = new Map<number, Uint8Array>()
  readonly sent: { key: number; value: Uint8Array | null; at: number }[] = []
  readonly hanging: OperationReceiver[] = []
  underWay = 0
  peak = 0
  trouble: string | null = null
  readonly #misbehave: Misbehave

  constructor(misbehave: Misbehave = () => 'ok') {
    this.#misbehave = misbehave
  }

  send(key: number, value: Uint8Array | null, receiver: OperationReceiver): void {
    const how = this.#misbehave(this.sent.push({ key, value, at: performance.now() }), key, value)
    if (how === 'hang') {
      this.hanging.push(receiver)
      return
    }
    this.peak = Math.max(this.peak, ++this.underWay)
    setImmediate(() => {
      this.underWay--
      if (how === 'refuse') receiver.onFailed(true, 'refused')
      else if (how === 'doubt') receiver.onFailed(false, 'lost')
      else if (value === null) receiver.onApplied((how === 'stale' ? this.first : this.store).get(key) ?? EMPTY)
      else if (how === 'lose') receiver.onApplied(EMPTY)
      else {
        this.store.set(key, value)
        if (!this.first.has(key)) this.first.set(key, value)
        receiver.onApplied(EMPTY)
      }
    })
  }

  async probe(): Promise<string | null> {
    return this.trouble
  }

  async abandon(): Promise<void> {
    for (const receiver of this.hanging.splice(0)) receiver.onFailed(false, 'abandoned')
  }

  async close(): Promise<void> {}
}

function workload(values: Partial<BenchmarkConfig>): BenchmarkConfig {
  return parseBenchmark(JSON.stringify({ T: 0, K: 10, ...values }), 'test')
}

function benchmarkOn(transport: Transport, values: Partial<BenchmarkConfig>, load = false): Benchmark {
  return new Benchmark({ config: workload(values), transport, load })
}

describe('a run', () => {
  it('of N operations does exactly N, with Concurrency workers, between two readings of all keys', async () => {
    const transport = new MemoryTransport()
    const report = await benchmarkOn(transport, { N: 500, Concurrency: 8, W: 0.5 }).run()
    expect(report).toMatchObject({ operations: 500, errors: 0, unknown: 0, verdict: 'linearizable' })
    expect(transport.sent).toHaveLength(520)
    expect(transport.sent.slice(0, 10).map(({ value }) => value)).toEqual(new Array(10).fill(null))
    expect(transport.peak).toBe(8)
    expect(report.throughput).toBeCloseTo(500 / report.seconds, 6)
  })

  it('writes as often as W says, and never the same value twice', async () => {
    const transport = new MemoryTransport()
    await benchmarkOn(transport, { N: 4000, Concurrency: 16, W: 0.25, LinearizabilityCheck: false }).run()
    expect(transport.sent).toHaveLength(4000)
    const written = transport.sent.flatMap(({ value }) => (value ? [Buffer.from(value).toString('hex')] : []))
    expect(written.length / 4000).toBeGreaterThan(0.22)
    expect(written.length / 4000).toBeLessThan(0.28)
    expect(new Set(written).size).toBe(written.length)
  })

  it('of T seconds ends then', async () => {
    const report = await benchmarkOn(new MemoryTransport(), { T: 1, N: 3, Concurrency: 2 }).run()
    expect(report.seconds).toBe(1)
    expect(report.operations).toBeGreaterThan(100)
  })

  it('keeps to its throttle', async () => {
    const transport = new MemoryTransport()
    const report = await benchmarkOn(transport, {
      T: 1,
      Throttle: 200,
      Concurrency: 8,
      LinearizabilityCheck: false,
    }).run()
    expect(report.operations).toBeGreaterThan(50)
    expect(report.operations).toBeLessThanOrEqual(205)
  })

  it('takes what a store in use holds as its first values', async () => {
    const transport = new MemoryTransport()
    for (let key = 0; key < 10; key++) transport.store.set(key, Buffer.from(`old ${key}`))
    expect((await benchmarkOn(transport, { N: 300, Concurrency: 4 }).run()).verdict).toBe('linearizable')
    expect((await benchmarkOn(transport, { N: 300, Concurrency: 4 }).run()).verdict).toBe('linearizable')
  })

  it('finds stale reads', async () => {
    const transport = new MemoryTransport((count) => (count > 110 ? 'stale' : 'ok'))
    const report = await benchmarkOn(transport, { N: 500, K: 5, Concurrency: 4 }).run()
    expect(report.verdict).toBe('not linearizable')
    expect(report.explanation).toMatch(/^Total anomaly read operations are \d+\nfirst impossible answer: /)
  })

  it('finds a write that was lost after the last read of its key', async () => {
    const transport = new MemoryTransport((count) => (count > 500 && count <= 510 ? 'lose' : 'ok'))
    const report = await benchmarkOn(transport, { N: 500, W: 1, Concurrency: 1 }).run()
    expect(report.verdict).toBe('not linearizable')
  })

  it('counts errors and unknown outcomes apart, keeps them out of the latencies, and stays linearizable', async () => {
    const transport = new MemoryTransport((count) => {
      if (count <= 10) return 'ok'
      return count % 10 === 3 ? 'refuse' : count % 10 === 7 ? 'doubt' : 'ok'
    })
    const report = await benchmarkOn(transport, { N: 300, Concurrency: 4 }).run()
    expect(report).toMatchObject({ operations: 240, errors: 30, unknown: 30, verdict: 'linearizable' })
    // Ten first reads, ten last ones, and two of those again.
    expect(transport.sent).toHaveLength(322)
  })

  it('tries again while it looks at the store, and gives up when keys stay silent', async () => {
    const late = new MemoryTransport((count) => (count <= 3 ? 'refuse' : 'ok'))
    expect((await benchmarkOn(late, { N: 10 }).run()).operations).toBe(10)
    const never = new MemoryTransport((_, key) => (key === 3 ? 'refuse' : 'ok'))
    await expect(benchmarkOn(never, { N: 10 }).run()).rejects.toThrow(
      '1 keys could not be read before the run: refused',
    )
  }, 20_000)

  it('does not start when no server answers', async () => {
    const transport = new MemoryTransport()
    transport.trouble = 'no server answers: 1.1: refused'
    const error: unknown = await benchmarkOn(transport, { N: 10 })
      .run()
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SynodError)
    expect(error).toMatchObject({ code: 'unavailable', message: 'no server answers: 1.1: refused' })
    expect(transport.sent).toEqual([])
  })

  it('is refused when nothing says when it ends', () => {
    expect(() => benchmarkOn(new MemoryTransport(), { T: 0, N: 0 })).toThrow('T and N are 0')
  })

  it('ends early when interrupted, also with operations that hang', async () => {
    const transport = new MemoryTransport((count) => (count > 50 ? 'hang' : 'ok'))
    const benchmark = benchmarkOn(transport, { T: 600, Concurrency: 3, W: 1 })
    const running = benchmark.run()
    await expect.poll(() => transport.hanging.length).toBe(3)
    benchmark.interrupt()
    const report = await running
    expect(report).toMatchObject({ interrupted: true, operations: 40, unknown: 3, verdict: null })
    expect(report.seconds).toBeLessThan(60)
  })

  it('ends early when interrupted while it waits in the throttle', async () => {
    const transport = new MemoryTransport()
    const benchmark = benchmarkOn(transport, { T: 600, Throttle: 1, Concurrency: 64, LinearizabilityCheck: false })
    const running = benchmark.run()
    await expect.poll(() => transport.sent.length).toBe(1)
    benchmark.interrupt()
    expect(await running).toMatchObject({ interrupted: true, operations: 1 })
  })
})

describe('loading', () => {
  it('writes each key from Min once, also when some are refused first', async () => {
    const transport = new MemoryTransport((count) => (count % 5 === 0 ? 'refuse' : 'ok'))
    const report = await benchmarkOn(transport, { K: 20, Min: 100, Concurrency: 4, Throttle: 1, W: 0 }, true).run()
    expect(report).toMatchObject({ load: true, operations: 20, errors: 0, verdict: null })
    expect([...transport.store.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, k) => 100 + k))
  })

  it('does not write again what may have been written', async () => {
    const transport = new MemoryTransport((count) => (count === 5 ? 'doubt' : 'ok'))
    const report = await benchmarkOn(transport, { K: 20 }, true).run()
    expect(report).toMatchObject({ operations: 19, unknown: 1 })
    expect(transport.sent).toHaveLength(20)
  })
})

describe('over REST', () => {
  const cleanups: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  })

  interface Seen {
    method: string
    url: string
    id: unknown
    cid: unknown
  }

  async function server(store: Map<string, Buffer>): Promise<{ url: string; seen: Seen[] }> {
    const app = fastify()
    const seen: Seen[] = []
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.addHook('onRequest', async ({ method, url, headers }) => {
      seen.push({ method, url, id: headers.id, cid: headers.cid })
    })
    app.get('/health', async () => 'alive')
    app.get<{ Params: { key: string } }>('/:key', async ({ params }) => store.get(params.key) ?? '')
    app.put<{ Params: { key: string } }>('/:key', async ({ params, body }) => {
      const previous = store.get(params.key) ?? ''
      store.set(params.key, body as Buffer)
      return previous
    })
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    cleanups.push(() => app.close())
    return { url, seen }
  }

  function transportOf(options: Partial<ConstructorParameters<typeof RestTransport>[0]>): RestTransport {
    const transport = new RestTransport({ nodes: {}, connections: 4, timeoutMs: 2_000, ...options })
    cleanups.push(() => transport.close())
    return transport
  }

  it("runs, is linearizable, and sends what Paxi's client sends", async () => {
    const store = new Map<string, Buffer>()
    const [a, b] = [await server(store), await server(store)]
    const transport = transportOf({ nodes: { '1.1': a.url, '1.2': b.url } })
    const report = await benchmarkOn(transport, { N: 400, Concurrency: 4 }).run()
    expect(report).toMatchObject({ operations: 400, errors: 0, unknown: 0, verdict: 'linearizable' })
    for (const { seen } of [a, b]) {
      const commands = seen.filter(({ url }) => url !== '/health')
      expect(commands.length).toBeGreaterThan(100)
      expect(commands.every(({ id, cid }) => id === '' && /^[1-9]\d*$/.test(String(cid)))).toBe(true)
    }
  })

  it('stays at the node it is told, and writes to the head and reads from the tail of a chain', async () => {
    const [a, b] = [await server(new Map()), await server(new Map())]
    const nodes = { '1.10': b.url, '1.9': a.url }
    await benchmarkOn(transportOf({ nodes, id: '1.10' }), { N: 20 }).run()
    expect(a.seen).toEqual([])
    expect(b.seen.filter(({ url }) => url !== '/health').every(({ id }) => id === '1.10')).toBe(true)
    b.seen.length = 0
    await benchmarkOn(transportOf({ nodes, algorithm: 'chain' }), { N: 40, LinearizabilityCheck: false }).run()
    const methods = (seen: Seen[]) => new Set(seen.filter(({ url }) => url !== '/health').map(({ method }) => method))
    expect([methods(a.seen), methods(b.seen)]).toEqual([new Set(['PUT']), new Set(['GET'])])
  })

  it('reads no answer to its end that is longer than it is told, and takes the write for unknown', async () => {
    const { url } = await server(new Map([['5', Buffer.alloc(100_001)]]))
    const transport = transportOf({ nodes: { '1.1': url }, answerBytes: 100_000 })
    const outcome = await new Promise((resolve) => {
      const onFailed = (definite: boolean, reason: string) => resolve({ definite, reason })
      transport.send(5, Buffer.from('x'), { onApplied: () => resolve('applied'), onFailed })
    })
    expect(outcome).toEqual({ definite: false, reason: 'node 1.1: the answer has more than 100000 bytes' })
  })

  it('says who does not answer', async () => {
    const { url } = await server(new Map())
    await cleanups.pop()!()
    const trouble = await transportOf({ nodes: { '1.1': url } }).probe()
    expect(trouble).toMatch(/^no server answers: 1\.1: .*ECONNREFUSED/)
  })

  it('refuses an id that is no node', () => {
    expect(() => transportOf({ nodes: { '1.1': 'http://127.0.0.1:1' }, id: '1.2' })).toThrow('no node 1.2')
  })
})
