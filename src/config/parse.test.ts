/** Table tests of `config.json` and `benchmark.json`: what Paxi's users have works, and each mistake names its place. */
import { describe, expect, test } from 'vitest'
import { SynodError } from '../errors.ts'
import { parseBenchmark, parseConfig } from './parse.ts'

const PAXI_BENCHMARK = {
  T: 60,
  N: 0,
  K: 1000,
  W: 0.5,
  Throttle: 1000,
  Concurrency: 1,
  Distribution: 'uniform',
  LinearizabilityCheck: false,
  Conflicts: 0,
  Min: 0,
  Mu: 500,
  Sigma: 50,
  Move: false,
  Speed: 10,
  Zipfian_s: 2,
  Zipfian_v: 1,
  Lambda: 0.01,
}

/** The keys, values and order of the `bin/config.json` that Paxi ships. */
const PAXI = {
  address: {
    '1.1': 'tcp://127.0.0.1:1735',
    '1.2': 'tcp://127.0.0.1:1736',
    '1.3': 'tcp://127.0.0.1:1737',
    '2.1': 'tcp://127.0.0.1:1738',
    '2.2': 'tcp://127.0.0.1:1739',
    '2.3': 'tcp://127.0.0.1:1740',
    '3.1': 'tcp://127.0.0.1:1741',
    '3.2': 'tcp://127.0.0.1:1742',
    '3.3': 'tcp://127.0.0.1:1743',
  },
  http_address: {
    '1.1': 'http://127.0.0.1:8080',
    '1.2': 'http://127.0.0.1:8081',
    '1.3': 'http://127.0.0.1:8082',
    '2.1': 'http://127.0.0.1:8083',
    '2.2': 'http://127.0.0.1:8084',
    '2.3': 'http://127.0.0.1:8085',
    '3.1': 'http://127.0.0.1:8086',
    '3.2': 'http://127.0.0.1:8087',
    '3.3': 'http://127.0.0.1:8088',
  },
  policy: 'majority',
  threshold: 3,
  thrifty: false,
  chan_buffer_size: 1024,
  buffer_size: 1024,
  multiversion: false,
  benchmark: PAXI_BENCHMARK,
}

/** The fields of Paxi's Go struct `Bconfig` with the values of its `DefaultBConfig`. */
const PAXI_BENCHMARK_DEFAULTS = {
  T: 60,
  N: 0,
  K: 1000,
  W: 0.5,
  Throttle: 0,
  Concurrency: 1,
  Distribution: 'uniform',
  LinearizabilityCheck: true,
  Conflicts: 100,
  Min: 0,
  Mu: 0,
  Sigma: 60,
  Move: false,
  Speed: 500,
  ZipfianS: 2,
  ZipfianV: 1,
  Lambda: 0.01,
}

const NODES = {
  address: { '1.1': 'tcp://127.0.0.1:1735', '1.2': 'tcp://127.0.0.1:1736' },
  http_address: { '1.1': 'http://127.0.0.1:8080', '1.2': 'http://127.0.0.1:8081' },
}

const config = (more: object = {}) => parseConfig(JSON.stringify({ ...NODES, ...more }), 'config.json')
const benchmark = (keys: object) => parseBenchmark(JSON.stringify(keys), 'benchmark.json')

function errorOf(action: () => unknown): SynodError {
  try {
    action()
  } catch (error) {
    if (error instanceof SynodError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('what Paxi users have', () => {
  test('Paxi’s own config.json is read unchanged', () => {
    const { Zipfian_s, Zipfian_v, ...rest } = PAXI_BENCHMARK
    const expected = { ...PAXI, benchmark: { ...rest, ZipfianS: Zipfian_s, ZipfianV: Zipfian_v } }
    expect(parseConfig(JSON.stringify(PAXI, null, 4), 'config.json')).toMatchObject(expected)
  })

  test('left out keys have the defaults of Paxi’s Go code', () => {
    expect(config()).toMatchObject({
      policy: 'consecutive',
      threshold: 3,
      thrifty: false,
      buffer_size: 1024,
      chan_buffer_size: 1024,
      multiversion: false,
      benchmark: PAXI_BENCHMARK_DEFAULTS,
    })
    expect(benchmark({})).toEqual(PAXI_BENCHMARK_DEFAULTS)
  })

  test('Go’s spelling of every field is known', () => {
    const zipf = { ZipfianS: 1.5, ZipfianV: 3 }
    expect(benchmark({ ...PAXI_BENCHMARK_DEFAULTS, ...zipf })).toEqual({ ...PAXI_BENCHMARK_DEFAULTS, ...zipf })
  })

  test('names compare without case, at each level', () => {
    const { address, http_address } = NODES
    const text = JSON.stringify({
      Address: address,
      HTTP_ADDRESS: http_address,
      MultiVersion: true,
      Benchmark: { t: 5, concurrency: 7, zipfians: 3, ZIPFIAN_V: 4, mIN: 9 },
      Timeouts: { Request_MS: 900 },
      LIMITS: { Inbox: 77 },
    })
    const parsed = parseConfig(text, 'config.json')
    expect(parsed).toMatchObject({ ...NODES, multiversion: true })
    expect(parsed.benchmark).toMatchObject({ T: 5, Concurrency: 7, ZipfianS: 3, ZipfianV: 4, Min: 9 })
    expect(parsed.timeouts.request_ms).toBe(900)
    expect(parsed.limits.inbox).toBe(77)
  })

  test('Go’s folding of the long s and the Kelvin sign', () => {
    expect(benchmark({ '\u212A': 5, '\u017Fpeed': 9 })).toMatchObject({ K: 5, Speed: 9 })
  })

  test.each(['order', 'uniform', 'conflict', 'normal', 'zipfian', 'exponential'])('distribution %s', (name) => {
    expect(benchmark({ Distribution: name }).Distribution).toBe(name)
  })

  test('zipfan is read as zipfian, the empty policy as null, null as the default', () => {
    expect(benchmark({ Distribution: 'zipfan' }).Distribution).toBe('zipfian')
    expect(config({ policy: '' }).policy).toBe('null')
    expect(config({ policy: 'null' }).policy).toBe('null')
    expect(config({ policy: null, benchmark: null, timeouts: { request_ms: null } })).toEqual(config())
  })

  test('addresses may leave the scheme to -transport, as Paxi’s master writes them', () => {
    const address = { '1.1': '10.0.0.1:1736', '1.2': 'udp://[::1]:1736' }
    expect(config({ address }).address).toEqual(address)
  })
})

describe('added keys', () => {
  test('have safe defaults', () => {
    const { address, http_address, benchmark: _, limits: __, ...rest } = config()
    expect(rest).toEqual({
      policy: 'consecutive',
      threshold: 3,
      thrifty: false,
      buffer_size: 1024,
      chan_buffer_size: 1024,
      multiversion: false,
      cluster: 'synod',
      storage: 'memory',
      fault_injection: false,
      timeouts: {
        request_ms: 2000,
        heartbeat_ms: 100,
        election_ms: 400,
        connect_ms: 1000,
        backoff_ms: 50,
        backoff_max_ms: 1000,
        compare_ms: 1000,
      },
      links: { regions: {}, rtt_ms: {} },
      protocols: {},
    })
  })

  test('options of a protocol are kept as they are, with their case', () => {
    const protocols = { paxos: { batch: 512, Quorum: 'majority', nested: { list: [1, null] } }, './mine.js': {} }
    expect(config({ protocols }).protocols).toEqual(protocols)
  })

  test('two configs share nothing that one could change for the other', () => {
    expect(config().timeouts).not.toBe(config().timeouts)
    expect(config().protocols).not.toBe(config().protocols)
  })
})

const address = (id: string, text: unknown) => ({ address: { ...NODES.address, [id]: text } })
const http = (id: string, text: unknown) => ({ http_address: { ...NODES.http_address, [id]: text } })

describe('each mistake in config.json is one line that names its place', () => {
  test.each<[string, object, string]>([
    ['unknown key', { adress: {} }, 'unknown key "adress"; the nearest known key is "address"'],
    ['unknown key below', { limits: { inbix: 1 } }, 'limits: unknown key "inbix"; the nearest known key is "inbox"'],
    ['prototype key', { constructor: 1 }, 'unknown key "constructor"; the nearest known key is "cluster"'],
    [
      'same key in two cases',
      { thrifty: true, Thrifty: true },
      'key "thrifty" is given twice, as "thrifty" and "Thrifty"',
    ],
    [
      'alias too',
      { benchmark: { ZipfianS: 2, Zipfian_s: 2 } },
      'benchmark: key "ZipfianS" is given twice, as "ZipfianS" and "Zipfian_s"',
    ],
    ['no address', { address: undefined }, 'address: is missing'],
    ['no http_address', { http_address: undefined }, 'http_address: is missing'],
    ['no nodes', { address: {}, http_address: {} }, 'address: a cluster needs at least one node (and 1 more)'],
    ['list of addresses', { address: ['tcp://h:1'] }, 'address: expected an object, not a list'],
    ['address of another type', address('1.1', 1735), 'address.1.1: expected a string, not a number'],
    ['null address', address('1.1', null), 'address.1.1: expected a string, not null'],
    [
      'id that is a path',
      address('../x', 'tcp://h:1'),
      'address["../x"]: node id "../x" is not of the form zone.node, such as 1.1',
    ],
    [
      'id with zeros',
      address('01.1', 'tcp://h:1'),
      'address.01.1: node id "01.1" is not of the form zone.node, such as 1.1',
    ],
    ['empty id', address('', 'tcp://h:1'), 'address[""]: node id "" is not of the form zone.node, such as 1.1'],
    ['missing in http_address', address('1.3', 'tcp://h:1'), 'http_address: node 1.3 of address is missing'],
    ['missing in address', http('2.1', 'http://h:1'), 'address: node 2.1 of http_address is missing'],
    [
      'duplicate address',
      address('1.2', 'tcp://127.0.0.1:1735'),
      'address.1.2: "tcp://127.0.0.1:1735" is already the address at address.1.1',
    ],
    [
      'duplicate in another spelling',
      address('1.2', 'LocalHost:1735'),
      'address.1.2: "LocalHost:1735" is already the address at address.1.1',
    ],
    [
      'duplicate http address',
      http('1.2', 'http://127.0.0.1:8080/'),
      'http_address.1.2: "http://127.0.0.1:8080/" is already the address at http_address.1.1',
    ],
    [
      'peer and http port',
      http('1.2', 'http://127.0.0.1:1735'),
      'http_address.1.2: "http://127.0.0.1:1735" is already the address at address.1.1',
    ],
    ['scheme', address('1.1', 'ftp://h:1'), 'address.1.1: "ftp://h:1" has a scheme other than tcp://, udp://, chan://'],
    ['http scheme', http('1.1', 'tcp://h:1'), 'http_address.1.1: "tcp://h:1" has a scheme other than http://'],
    ['no http scheme', http('1.1', 'h:1'), 'http_address.1.1: "h:1" has no scheme: http://'],
    ['no port', address('1.1', 'tcp://h'), 'address.1.1: "tcp://h" has no port, as in tcp://127.0.0.1:1735'],
    ['port 0', address('1.1', 'tcp://h:0'), 'address.1.1: "tcp://h:0" has a port that is no number from 1 to 65535'],
    [
      'port 65536',
      http('1.1', 'http://h:65536'),
      'http_address.1.1: "http://h:65536" has a port that is no number from 1 to 65535',
    ],
    [
      'port abc',
      address('1.1', 'tcp://h:abc'),
      'address.1.1: "tcp://h:abc" has a port that is no number from 1 to 65535',
    ],
    [
      'no host',
      address('1.1', 'tcp://:1735'),
      'address.1.1: "tcp://:1735" has no valid host, as in tcp://127.0.0.1:1735',
    ],
    [
      'bad IPv4',
      address('1.1', 'tcp://127.0.0.256:1'),
      'address.1.1: "tcp://127.0.0.256:1" has no valid host, as in tcp://127.0.0.1:1735',
    ],
    [
      'bad IPv6',
      address('1.1', 'tcp://[::g]:1'),
      'address.1.1: "tcp://[::g]:1" has no valid host, as in tcp://127.0.0.1:1735',
    ],
    ['path', address('1.1', 'tcp://h:1/x'), 'address.1.1: "tcp://h:1/x" is no address such as tcp://127.0.0.1:1735'],
    [
      'line break',
      address('1.1', 'tcp://h\n:1'),
      'address.1.1: "tcp://h\\n:1" has no valid host, as in tcp://127.0.0.1:1735',
    ],
    ['policy', { policy: 'most' }, 'policy: must be one of consecutive, majority, ema, null, not "most"'],
    ['threshold', { threshold: -1 }, 'threshold: must be at least 0, not -1'],
    [
      'weight',
      { policy: 'ema' },
      'threshold: must be given and at most 1 for the policy ema, whose weight it is, not 3',
    ],
    ['boolean', { thrifty: 'yes' }, 'thrifty: expected true or false, not a string'],
    ['buffer', { buffer_size: 1.5 }, 'buffer_size: expected a whole number, not 1.5'],
    ['cluster', { cluster: 'a b' }, 'cluster: must be 1 to 64 letters, digits, dots, dashes or underscores'],
    ['storage', { storage: '' }, 'storage: must be memory, or a directory'],
    ['short secret', { secret: 'hunter2' }, 'secret: must have at least 8 characters'],
    ['secret is not shown', { secret: 12345678 }, 'secret: expected a string, not a number'],
    ['negative time', { timeouts: { request_ms: -1 } }, 'timeouts.request_ms: must be at least 1, not -1'],
    ['zero time', { timeouts: { heartbeat_ms: 0 } }, 'timeouts.heartbeat_ms: must be at least 1, not 0'],
    [
      'time beyond timers',
      { timeouts: { election_ms: 2 ** 30 } },
      'timeouts.election_ms: must be at most 1073741823, not 1073741824',
    ],
    [
      'slow heartbeat',
      { timeouts: { heartbeat_ms: 400 } },
      'timeouts.heartbeat_ms: must be less than election_ms, which is 400, or leaders fall for no reason',
    ],
    ['limit', { limits: { requests: 0 } }, 'limits.requests: must be at least 1, not 0'],
    ['protocols', { protocols: { paxos: 512 } }, 'protocols.paxos: expected an object, not a number'],
    ['workload', { benchmark: { W: 2 } }, 'benchmark.W: must be at most 1, not 2'],
  ])('%s', (_, more, line) => {
    const error = errorOf(() => config(more))
    expect(error.message).toBe(`config.json: ${line}`)
    expect(error.code).toBe('config')
  })

  test('several mistakes are still one line', () => {
    const error = errorOf(() => config({ thrifty: 1, policy: 1 }))
    expect(error.message).toMatch(/^config\.json: policy: [^\n]* \(and 1 more\)$/)
  })
})

describe('each mistake in benchmark.json is one line that names its place', () => {
  test.each<[object, string]>([
    [{ T: -1 }, 'T: must be at least 0, not -1'],
    [{ N: -1 }, 'N: must be at least 0, not -1'],
    [{ N: 1.5 }, 'N: expected a whole number, not 1.5'],
    [{ T: '60' }, 'T: expected a number, not a string'],
    [{ K: 0 }, 'K: must be at least 1, not 0'],
    [{ W: -0.1 }, 'W: must be at least 0, not -0.1'],
    [{ W: 1.5 }, 'W: must be at most 1, not 1.5'],
    [{ Throttle: -1 }, 'Throttle: must be at least 0, not -1'],
    [{ Concurrency: 0 }, 'Concurrency: must be at least 1, not 0'],
    [{ Concurrency: 100_001 }, 'Concurrency: must be at most 100000, not 100001'],
    [{ Conflicts: 101 }, 'Conflicts: must be at most 100, not 101'],
    [{ Sigma: -1 }, 'Sigma: must be at least 0, not -1'],
    [{ Speed: -1 }, 'Speed: must be at least 0, not -1'],
    [{ Speed: 0, Move: true }, 'Speed: must be at least 1 when Move is true'],
    [{ ZipfianS: 1 }, 'ZipfianS: must be more than 1, not 1'],
    [{ Zipfian_v: 0.5 }, 'ZipfianV: must be at least 1, not 0.5'],
    [{ Lambda: 0 }, 'Lambda: must be at least 1e-15, not 0'],
    [{ Min: Number.MAX_SAFE_INTEGER }, 'Min: Min + K must be at most 2^53 - 1'],
    [
      { Distribution: 'zipf' },
      'Distribution: must be one of order, uniform, conflict, normal, zipfan, zipfian, exponential, not "zipf"',
    ],
    [{ Concurency: 3 }, 'unknown key "Concurency"; the nearest known key is "Concurrency"'],
    [{ throtle: 3 }, 'unknown key "throtle"; the nearest known key is "Throttle"'],
  ])('%j', (keys, line) => {
    expect(errorOf(() => benchmark(keys)).message).toBe(`benchmark.json: ${line}`)
  })

  test('bounds themselves are good', () => {
    const keys = { T: 0, N: 0, K: 1, W: 1, Conflicts: 0, Sigma: 0, Speed: 0, ZipfianS: 1.01, ZipfianV: 1, Lambda: 1e-9 }
    expect(benchmark(keys)).toMatchObject(keys)
  })
})

describe('bad JSON is named by line and column', () => {
  test.each<[string, string, RegExp]>([
    ['nothing', '', /^line 1, column 1: bad JSON: /],
    ['a word', '{\n  "a": x\n}', /^line 2, column 8: bad JSON: /],
    ['no comma', '{\n  "T": 1\n  "N": 2\n}', /^line 3, column 3: bad JSON: Comma/],
    ['an end too early', '{\n  "T": 1', /^line 2, column 9: bad JSON: .*end/],
    ['text after the end', '{}\n\n x', /^line 3, column 2: bad JSON: /],
    ['a raw control character', '{"T\u0007": 1}', /^line 1, column 4: bad JSON: Invalid character '\\u0007'/],
    ['a byte order mark', '\uFEFF{}', /^line 1, column 1: the file starts with a byte order mark/],
    ['equal keys, other values', '{\n  "T": 1,\n  "T": 2}', /^line 3, column 3: key "T" is given twice$/],
    ['equal keys, equal values', '{"T": 1,\n\t"\\u0054" : 1}', /^line 2, column 2: key "T" is given twice$/],
    ['a prototype', '{"__proto__": {"T": 1}}', /^line 1, column 2: key "__proto__" is not allowed$/],
    ['great depth', '['.repeat(100_000), /^the JSON is nested too deeply$/],
    ['a list', '[]', /^expected an object, not a list$/],
    ['null', 'null', /^expected an object, not null$/],
    ['a huge number', '{"Mu": 1e999}', /^Mu: expected a number, not a number beyond all bounds$/],
  ])('%s', (_, text, line) => {
    const { message } = errorOf(() => parseBenchmark(text, 'benchmark.json'))
    expect(message.startsWith('benchmark.json: ')).toBe(true)
    expect(message.slice('benchmark.json: '.length)).toMatch(line)
    expect(message).not.toMatch(/[\r\n]/)
  })

  test('braces, quotes and equal words in strings are no keys', () => {
    const protocols = { a: { text: '{"T": 1, "T": 2} \\" }', T: 'T', list: ['T', { T: 'T' }] } }
    expect(config({ protocols }).protocols).toEqual(protocols)
  })
})
