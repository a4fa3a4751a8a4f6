/** What is wrong with a path is said in a line that names it; what is wrong with the machine stays the system's word. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLog } from './logger.ts'
import { realFiles } from './storage/files.ts'
import { unusable, unusableWithin } from './unusable.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'synod-unusable-'))
  writeFileSync(join(root, 'file'), '')
})
afterEach(() => rmSync(root, { recursive: true }))

const config = (message: string) => expect.objectContaining({ name: 'SynodError', code: 'config', message }) as Error

test.each([
  ['file', 'is no directory'],
  ['file/below', 'a part of the path is no directory'],
  ['file/far/below', 'a part of the path is no directory'],
])('a directory at %s %s', async (name, reason) => {
  const path = join(root, name)
  const wrong = config(`${path}: ${reason}`)
  await expect(realFiles.makeDirectory(path)).rejects.toEqual(wrong)
  expect(() => openLog({ level: 'info', directory: path, name: 'x' })).toThrow(wrong)
})

test('a name that is too long, and links that lead nowhere but to themselves', async () => {
  const long = join(root, 'a'.repeat(300), '1.1')
  await expect(realFiles.makeDirectory(long)).rejects.toEqual(config(`${long}: the name is too long`))
  symlinkSync(join(root, 'circle'), join(root, 'circle'))
  const circle = join(root, 'circle', '1.1')
  await expect(realFiles.makeDirectory(circle)).rejects.toEqual(
    config(`${circle}: leads through too many symbolic links`),
  )
})

test('a log file that is a directory', () => {
  mkdirSync(join(root, 'x.log'))
  const open = () => openLog({ level: 'info', directory: root, name: 'x' })
  expect(open).toThrow(config(`${join(root, 'x.log')}: is a directory, not a file`))
})

test.each([
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['EROFS', 'lies in a read-only file system'],
])('%s: the path is named where the system names another, or none', (code, reason) => {
  const said = Object.assign(new Error(`listen ${code} /proc/self/fd/18/lock`), { code, address: '/proc/self/fd/18' })
  expect(unusable('data/1.1', said)).toEqual(config(`data/1.1: ${reason}`))
  expect(unusable('data', Object.assign(said, { path: 'data/1.1' }))).toEqual(config(`data/1.1: ${reason}`))
})

test.each(['ENOSPC', 'EIO', 'EMFILE', 'constructor'])('%s is no mistake of who named the path', (code) => {
  const error = Object.assign(new Error(code), { code })
  expect(unusable('data', error)).toBe(error)
})

test('what is wrong within a directory always names it', () => {
  const of = (code: string, path?: string) => Object.assign(new Error(code), { code, syscall: 'read', path })
  expect(unusableWithin('data', of('EPERM', 'data/log-1'))).toEqual(config('data/log-1: permission denied'))
  for (const code of ['EIO', 'ENOENT', 'EEXIST']) {
    expect(unusableWithin('data', of(code))).toMatchObject({ code, message: `data: ${code}` })
  }
  const other = new TypeError('a defect')
  expect(unusableWithin('data', other)).toBe(other)
  expect(other.message).toBe('a defect')
})
