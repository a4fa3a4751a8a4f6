/** The benchmark: Paxi's workloads in a closed loop against a running cluster. */
export { Benchmark, type BenchmarkOptions, type Watcher } from './benchmark.ts'
export { keySource, keysOf, type Random } from './distributions.ts'
export { type Judge, type Judged, judgeHistory } from './judge.ts'
export { Progress } from './progress.ts'
export { exitCode, type Report, reportJson, reportText, type Verdict } from './report.ts'
export { type RestOptions, RestTransport } from './rest-transport.ts'
export type { OperationReceiver, Transport } from './transport.ts'
