/**
 * Why a path that somebody has named for writing is no use, in one line that names it. That is a mistake of whoever named
 * it; what the machine cannot do just now, for want of room or of descriptors, stays the system's error.
 */
import { SynodError } from '../errors.ts'

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'is no directory',
  ENOTDIR: 'a part of the path is no directory',
  EISDIR: 'is a directory, not a file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'lies in a read-only file system',
  ENOENT: 'is not there and cannot be made',
}

/** Runs `use`, which makes or opens `path`. @throws SynodError `config` where the path is no use; else what `use` throws */
export function using<T>(path: string, use: () => T): T {
  try {
    return use()
  } catch (error) {
    throw unusable(path, error)
  }
}

/** The error to throw for what was thrown at `path`, or at the part of it that the error names. */
export function unusable(path: string, error: unknown): unknown {
  const { code = '', path: part = path } = error as NodeJS.ErrnoException
  const reason = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined
  return reason === undefined ? error : new SynodError('config', `${part}: ${reason}`)
}
