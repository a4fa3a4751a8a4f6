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
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'leads through too many symbolic links',
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

/** The same for what was thrown at something in `directory`, which itself is there; what stays the system's error names it. */
export function unusableWithin(directory: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  // Names in it that come or go meanwhile are no mistake of who named the directory.
  const isOthers = code === 'ENOENT' || code === 'EEXIST'
  return located(directory, isOthers ? error : unusable(directory, error))
}

/** Lets a system's error say where it happened, which the system often does not; others stay as they are. */
export function located(path: string, error: unknown): unknown {
  if (isSystemError(error)) error.message = `${path}: ${error.message}`
  return error
}

/** Whether an error is the system's. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}
