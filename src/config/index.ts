/** The configuration of a cluster and of a workload: schemas, defaults, checks. Reading files belongs to `runtime`. */
export { type Address, isLoopback, parseHttpAddress, parsePeerAddress, TRANSPORTS, type Transport } from './address.ts'
export { type BenchmarkConfig, DISTRIBUTIONS, type Distribution } from './benchmark.ts'
export { parseJson } from './json.ts'
export { benchmarkJsonSchema, configJsonSchema, type JsonSchema } from './json-schema.ts'
export { oneWayMs } from './links.ts'
export { nearest } from './nearest.ts'
export { parseBenchmark, parseConfig, parseTemplate } from './parse.ts'
export { type Config, POLICIES } from './schema.ts'
