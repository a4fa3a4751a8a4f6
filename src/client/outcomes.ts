/** The two ways in which a request of the key-value client fails, told apart by type. */
import { type ErrorCode, SynodError } from '../errors.ts'

/** The request was certainly not applied, by no attempt. `code` says why. */
export class RefusedError extends SynodError {}

/** The request may have been applied, now or later. `code` is that of the last attempt. */
export class UnknownOutcomeError extends SynodError {}

/** The failure of a request. @param doubt whether some attempt may have been applied */
export function failure(doubt: boolean, code: ErrorCode, message: string): RefusedError | UnknownOutcomeError {
  return doubt ? new UnknownOutcomeError(code, message) : new RefusedError(code, message)
}
