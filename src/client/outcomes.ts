/** How a request has failed: whether it was certainly not applied. The key-value client tells the two apart by type, too. */
import { ERRORS, type ErrorCode, SynodError } from '../errors.ts'

/** The request was certainly not applied, by no attempt. `code` says why. */
export class RefusedError extends SynodError {
  override readonly name = 'RefusedError'
}

/** The request may have been applied, now or later. `code` is that of the last attempt. */
export class UnknownOutcomeError extends SynodError {
  override readonly name = 'UnknownOutcomeError'
}

/** The failure of a request. @param doubt whether some attempt may have been applied */
export function failure(doubt: boolean, code: ErrorCode, message: string): RefusedError | UnknownOutcomeError {
  return doubt ? new UnknownOutcomeError(code, message) : new RefusedError(code, message)
}

/** Whether `error` says that the request was certainly not applied. */
export function isDefinite(error: unknown): boolean {
  // The code is that of the last attempt: an earlier one may have been applied.
  return error instanceof SynodError && !(error instanceof UnknownOutcomeError) && ERRORS[error.code].definite
}
