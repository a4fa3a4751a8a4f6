/** Directories are made, found, or refused; never waited for. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeDirectory } from './make-directory.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'synod-directory-'))
})
afterEach(() => rmSync(root, { recursive: true }))

test('all missing levels are made, and the first of them is named', () => {
  expect(makeDirectory(join(root, 'a/b/c'))).toBe(join(root, 'a'))
  expect(statSync(join(root, 'a/b/c')).isDirectory()).toBe(true)
  expect(makeDirectory(join(root, 'a/b/d'))).toBe(join(root, 'a/b/d'))
  expect(makeDirectory(join(root, 'a/b/d'))).toBeUndefined()
  expect(makeDirectory('/')).toBeUndefined()
})

test('a file in the way is an error', () => {
  writeFileSync(join(root, 'file'), '')
  expect(() => makeDirectory(join(root, 'file'))).toThrow(/EEXIST/)
  expect(() => makeDirectory(join(root, 'file/below'))).toThrow(/ENOTDIR/)
})

if (existsSync('/proc/self')) {
  test('where the system makes none it is an error, too', () => {
    expect(() => makeDirectory('/proc/nope')).toThrow(/ENOENT.*\/proc\/nope/)
    expect(() => makeDirectory('/proc/nope/deep')).toThrow(/ENOENT/)
  })
}
