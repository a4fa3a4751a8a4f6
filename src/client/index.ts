/** The package's `./client`: a REST key-value client for Synod and Paxi clusters, and the commands of its shell. */
export { ERRORS, type ErrorCode, SynodError } from '../errors.ts'
export {
  Client,
  type ClientOptions,
  isDefinite,
  type ReadResult,
  type RequestOptions,
  type WriteResult,
} from './client.ts'
export { COMMAND_NAMES, complete, execute, helpText, type Target } from './commands.ts'
export { type Consensus, consensus, type Observer } from './consensus.ts'
export { type ClusterFaults, FAULT_NAMES, type FaultName } from './faults.ts'
export { canonicalKey, type Key } from './key.ts'
export type { Meta } from './replies.ts'
export type { NodeState } from './views.ts'
export { type Answer, splitWords } from './words.ts'
