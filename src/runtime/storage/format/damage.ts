/** How the log says that what it finds on disk is not what it wrote. Such a log is never cut and never used. */
import { SynodError } from '../../../errors.ts'

/** Bytes that are wrong, or missing. */
export class Damage extends SynodError {}

/** The error for bytes that are wrong: it names the file, where in it, and what is the matter. */
export function damage(path: string, offset: number | null, what: string): Damage {
  const place = offset === null ? path : `${path}, byte ${offset}`
  return new Damage('storage', `${place}: ${what}`)
}
