/** #core: all that a protocol may import, and what the npm package exports. */
export { Ballots, NO_BALLOT } from './ballots.ts'
export {
  bool,
  bytes,
  type Declaration,
  float64,
  type Handlers,
  list,
  message,
  nested,
  type Recoverers,
  record,
  string,
  struct,
  uint32,
  uint53,
} from './codec/schema.ts'
export {
  ABSENT,
  Command,
  callOf,
  compareAndSet,
  conditionOf,
  get,
  inSession,
  nonceOf,
  Op,
  openSession,
  type Place,
  put,
  remove,
  type SessionId,
} from './command.ts'
export { ERRORS, type ErrorCode, type RefusalCode, SynodError } from './errors.ts'
export { Node } from './node.ts'
export { Cluster, type NodeId } from './node-id.ts'
export { NODE_DEFAULTS, type NodeOptions, type Parts } from './node-parts.ts'
export { Fifo } from './parts/fifo.ts'
export { type IntegerOption, integerOptions } from './parts/options.ts'
export { createPolicy, type Policy, type PolicyName } from './parts/policy.ts'
export * from './quorum/index.ts'
export {
  type Consistency,
  defineProtocol,
  type Memory,
  type Protocol,
  type Replica,
  type Status,
  type Switch,
  TIMEOUTS,
  type Timeouts,
} from './replica.ts'
export {
  type Outcome,
  type Position,
  type Properties,
  READ_MODES,
  type ReadMode,
  Request,
  type Result,
  type Urgency,
} from './request.ts'
export type {
  Alarm,
  Clock,
  Log,
  Random,
  Receive,
  RecordKind,
  Storage,
  StoredRecord,
  Timer,
  Transport,
} from './seams.ts'
export { SILENT } from './seams.ts'
export type { StateMachine } from './store/state-machine.ts'
