/** Every error that Synod raises or answers with: its code, what it means, and the status it has over HTTP. */

/** One row per code. `definite` tells whether the request was certainly not applied. */
export const ERRORS = {
  config: { status: 500, definite: true, meaning: 'the configuration is wrong' },
  usage: { status: 500, definite: true, meaning: 'a flag or an argument is wrong' },
  malformed: { status: 400, definite: true, meaning: 'bytes that are no message, frame or record of ours' },
  unavailable: { status: 503, definite: true, meaning: 'no leader or no quorum; the request was not proposed' },
  overloaded: { status: 503, definite: true, meaning: 'a queue is full, or what a session keeps; nothing was applied' },
  unknown: {
    status: 504,
    definite: false,
    meaning: 'the request was proposed; it may have been applied, now or later',
  },
  expired: {
    status: 410,
    definite: true,
    meaning: 'the session is not known any more; this attempt did nothing, of earlier ones nothing is known',
  },
  conflict: {
    status: 409,
    definite: true,
    meaning: 'the sequence belongs to another command, or lies outside the window; this attempt did nothing',
  },
  unsupported: { status: 501, definite: true, meaning: 'the protocol does not offer this' },
  storage: {
    status: 500,
    definite: false,
    meaning: 'the data directory is damaged, incomplete, or held by another process',
  },
  internal: { status: 500, definite: false, meaning: 'a defect in Synod' },
} as const satisfies Record<string, { status: number; definite: boolean; meaning: string }>

/** A code of `ERRORS`. */
export type ErrorCode = keyof typeof ERRORS

/** What a request can be refused with. */
export type RefusalCode = 'unavailable' | 'overloaded' | 'unknown' | 'unsupported' | 'internal' | 'expired' | 'conflict'

/** An error with a code of the table above and one sentence that says what was wrong and where. */
export class SynodError extends Error {
  override readonly name: string = 'SynodError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
