/**
 * Who may import whom, and why: the one table behind the import rules. `imports.ts` checks it on every TypeScript file;
 * `biome.json` repeats its prohibitions, so that an editor shows them at once.
 */

/** What a layer may import, besides itself. */
export interface Layer {
  /** Its files: folders end in a slash, `*` is a name without a slash. The first row that matches a file holds. */
  readonly files: string
  /** Files and folders of this project, in the same notation; `!` takes some out again. */
  readonly imports: readonly string[]
  /** Packages and Node's modules. `node:*` is any of the latter. */
  readonly packages: readonly string[]
  /** Packages of which only types may be imported. */
  readonly types?: readonly string[]
  /** Whether it runs the same in a server, in the simulator and in a browser: no clock, no chance, no waiting. */
  readonly pure: boolean
  /** Files that its tests may import, too. */
  readonly tests?: readonly string[]
  readonly why: string
}

/** The core as others see it: not the barrel, which is for plugins, and not the node, which is for who makes one. */
const CORE = ['src/*.ts', '!src/index.ts', '!src/node.ts', 'src/codec/', 'src/quorum/', 'src/store/', 'src/parts/']

/** The core with the node, for who runs one. */
const NODE = CORE.filter((pattern) => pattern !== '!src/node.ts')

export const LAYERS: readonly Layer[] = [
  {
    files: 'protocols/index.ts',
    imports: ['protocols/*/index.ts'],
    packages: ['#core'],
    pure: false,
    why: 'the registry knows where protocols are, nothing of what they do; it loads them when asked for',
  },
  {
    files: 'protocols/*/',
    imports: [],
    packages: ['#core'],
    pure: true,
    tests: ['src/sim/', 'src/store/'],
    why: 'a protocol gets all it needs from its Node, so that the same code runs in every world',
  },
  {
    files: 'examples/echo/',
    imports: [],
    packages: ['synod'],
    pure: true,
    why: 'a plugin outside the tree sees what the package offers, and no file of this project',
  },
  {
    files: 'examples/',
    imports: [],
    packages: ['#core'],
    pure: true,
    tests: ['src/sim/'],
    why: 'an example is what a plugin outside the tree would be',
  },
  {
    files: 'src/codec/',
    imports: ['src/errors.ts'],
    packages: ['protobufjs'],
    pure: true,
    why: 'the codec turns declared classes into bytes and back, whoever uses them',
  },
  {
    files: 'src/quorum/',
    imports: ['src/errors.ts', 'src/node-id.ts'],
    packages: [],
    pure: true,
    why: 'quorum systems are pure geometry over the members',
  },
  {
    files: 'src/store/',
    imports: ['src/errors.ts', 'src/command.ts', 'src/request.ts', 'src/codec/'],
    packages: [],
    pure: true,
    why: 'a state machine knows commands and results, not who orders them',
  },
  {
    files: 'src/parts/',
    imports: ['src/errors.ts', 'src/seams.ts', 'src/node-id.ts'],
    packages: [],
    pure: true,
    why: 'the toolbox lies below the node, so that any protocol may take from it',
  },
  {
    files: 'src/index.ts',
    imports: ['src/*.ts', 'src/codec/', 'src/quorum/', 'src/store/', 'src/parts/'],
    packages: [],
    pure: true,
    why: 'the barrel of the core: what protocols and the package offer, and nothing of its own',
  },
  {
    files: 'src/*.ts',
    imports: ['src/codec/', 'src/quorum/', 'src/store/', 'src/parts/'],
    packages: ['node:assert'],
    pure: true,
    why: 'the core knows the seams, never the parts behind them',
  },
  {
    files: 'src/config/',
    imports: ['src/errors.ts', 'src/node-id.ts'],
    packages: ['zod', 'lossless-json'],
    pure: true,
    why: 'the schema judges a text; reading files belongs to the runtime. lossless-json: keys given twice, large numbers',
  },
  {
    files: 'src/checker/',
    imports: ['src/errors.ts'],
    packages: [],
    pure: false,
    why: 'a judge that shares no code with what it judges; it looks at the clock to keep its time limit',
  },
  {
    files: 'src/runtime/storage/format/',
    imports: ['src/errors.ts', 'src/seams.ts'],
    packages: ['node:zlib'],
    pure: true,
    why: 'what bytes on disk mean, whoever reads them: the simulator lets the same code judge its damaged disks',
  },
  {
    files: 'src/runtime/',
    imports: [...CORE, 'src/config/'],
    packages: ['node:*', 'pino'],
    pure: false,
    why: 'the real parts behind the seams: sockets, files, clock, chance, log',
  },
  {
    files: 'src/sim/',
    imports: [...NODE, 'src/checker/', 'src/runtime/storage/format/'],
    packages: [],
    pure: true,
    tests: ['src/index.ts', 'protocols/'],
    why: 'a run must follow from its seed alone: no socket, no file, no wall clock',
  },
  {
    files: 'src/metrics/',
    imports: CORE,
    packages: ['prom-client'],
    pure: false,
    why: "meters wrap a node's parts through the seams; they read the clock, and tell what they counted when asked",
  },
  {
    files: 'src/http/',
    imports: CORE,
    packages: ['fastify', '@fastify/swagger', '@fastify/swagger-ui', 'lossless-json', 'node:http'],
    types: ['node:net', 'node:stream'],
    pure: false,
    why: 'the REST front sees a node through its gateway only. lossless-json: keys beyond 2^53',
  },
  {
    files: 'src/client/',
    imports: ['src/errors.ts', 'src/codec/', 'src/config/', 'src/checker/'],
    packages: ['undici', 'lossless-json', 'hdr-histogram-js', 'node:net', 'node:timers/promises'],
    pure: false,
    why: 'a client knows the REST interface, as anybody could, and no server',
  },
  {
    files: 'src/benchmark/',
    imports: [...CORE, 'src/client/', 'src/config/', 'src/checker/'],
    packages: ['undici', 'hdr-histogram-js', 'cli-progress', 'node:net'],
    pure: false,
    why: 'the load generator is a client that counts, and hands its history to the judge',
  },
  {
    files: 'bin/',
    imports: ['src/', 'protocols/index.ts'],
    packages: ['node:*', 'yargs', 'cli-progress'],
    types: ['fastify'],
    pure: false,
    why: 'programs put the parts together; only flags, host and protocols are shared between them',
  },
  {
    files: 'test/',
    imports: ['src/', 'protocols/', 'examples/', 'bin/'],
    packages: ['node:*', 'typescript', 'vitest', 'fast-check', 'undici'],
    pure: false,
    why: 'tests that look at several layers at once',
  },
  {
    files: '*.ts',
    imports: [],
    packages: ['vitest'],
    pure: false,
    why: "the tools' own configuration",
  },
]

/** What tests may import besides what their layer may. */
export const TESTS = {
  imports: ['test/'],
  packages: ['node:*', 'vitest', 'fast-check', 'pure-rand', 'fastify'],
}

/** Protocols that build on another one. */
export const PARENTS: Readonly<Record<string, string>> = {}

/** The only files in bin/ that others import: there, and nowhere else. */
export const SHARED_IN_BIN = ['bin/flags.ts', 'bin/host.ts', 'bin/protocols.ts']
