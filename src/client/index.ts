/**
 * The package's `./client`: `KeyValueClient` with sessions for Synod clusters, `Client` for Synod and Paxi clusters, and
 * the commands of its shell.
 */
export { ERRORS, type ErrorCode, SynodError } from '../errors.ts'
export type { AttemptOptions } from './attempts.ts'
export { Client, type ClientOptions, type ReadResult, type RequestOptions, type WriteResult } from './client.ts'
export { COMMAND_NAMES, complete, execute, helpText, type Target } from './commands.ts'
export { type Consensus, consensus, type Observer } from './consensus.ts'
export { type ClusterFaults, FAULT_NAMES, type FaultName } from './faults.ts'
export { canonicalKey, type Key } from './key.ts'
export { type Found, type GetOptions, KeyValueClient, type ReadPath } from './key-value-client.ts'
export { isDefinite, RefusedError, UnknownOutcomeError } from './outcomes.ts'
export type { Meta } from './replies.ts'
export { Session } from './session.ts'
export type { NodeState } from './views.ts'
export { type Answer, type Facts, jsonOf, splitWords } from './words.ts'
export type { CallOptions, Compared, Deleted, Put, Told } from './writes.ts'
