/** What becomes of a log's lines while they cannot be written, and after that. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemError } from '../../test/support/hand-files.ts'
import { LogOutput } from './log-output.ts'

const STDERR = 2

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'synod-log-output-'))
})
afterEach(() => rmSync(root, { recursive: true }))

/** A disk with room for some bytes, and what has been written to it and to stderr. */
class Disk {
  room = Number.POSITIVE_INFINITY
  code = 'ENOSPC'
  written = ''
  said = ''
  stderrFails = false
  calls = 0

  readonly write = (descriptor: number, bytes: Uint8Array): number => {
    this.calls++
    if (descriptor === STDERR && this.stderrFails) throw systemError('EPIPE', '')
    if (descriptor === STDERR) {
      this.said += Buffer.from(bytes).toString()
      return bytes.length
    }
    const taken = Math.min(this.room, bytes.length)
    if (taken === 0) throw systemError(this.code, 'full')
    this.room -= taken
    this.written += Buffer.from(bytes.subarray(0, taken)).toString()
    return taken
  }
}

function opened(disk: Disk): LogOutput {
  return new LogOutput(join(root, 'x.log'), disk.write, STDERR)
}

test('lines without room are dropped, which is said once; with room again the log goes on', () => {
  const disk = new Disk()
  const output = opened(disk)
  for (const room of [4, 0, 0]) {
    disk.room = room
    output.write('one\n')
  }
  expect([disk.written, output.losing]).toEqual(['one\n', true])
  expect(disk.said).toMatch(/^\S+\/x\.log: ENOSPC[^\n]*; lines of the log are dropped until it can be written\n$/)
  disk.room = 100
  output.write('two\n')
  expect([disk.written, output.losing, disk.said.split('\n').length]).toEqual(['one\ntwo\n', false, 2])
})

test('a line that was cut short is completed first, however late', () => {
  const disk = new Disk()
  const output = opened(disk)
  disk.room = 3
  output.write('{"a":1}\n')
  output.write('{"b":2}\n')
  disk.room = 2
  output.write('{"c":3}\n')
  expect([disk.written, output.losing]).toEqual(['{"a":', true])
  disk.room = 100
  output.write('{"d":4}\n')
  expect([disk.written, output.losing]).toEqual(['{"a":1}\n{"d":4}\n', false])
})

test('that lines are dropped is not said where stderr takes nothing either', () => {
  const disk = new Disk()
  Object.assign(disk, { stderrFails: true, room: 0 })
  const output = opened(disk)
  output.write('one\n')
  disk.room = 100
  output.write('two\n')
  expect(disk).toMatchObject({ written: 'two\n', said: '' })
})

test('nor where the log is stderr itself', () => {
  const disk = new Disk()
  disk.stderrFails = true
  const output = new LogOutput('', disk.write, STDERR)
  output.write('one\n')
  expect([disk.calls, output.losing]).toEqual([1, true])
  disk.stderrFails = false
  output.write('two\n')
  expect([disk.said, output.losing]).toEqual(['two\n', false])
})

test('a reader that is behind is waited for', () => {
  const disk = new Disk()
  let busy = 3
  const output = new LogOutput(join(root, 'x.log'), (descriptor, bytes) => {
    if (busy-- > 0) throw systemError('EAGAIN', 'pipe')
    return disk.write(descriptor, bytes)
  })
  output.write('one\n')
  expect(disk).toMatchObject({ written: 'one\n', said: '' })
})

test('a reader that takes nothing is waited for once, not with every line', () => {
  const disk = new Disk()
  Object.assign(disk, { room: 0, code: 'EAGAIN' })
  const output = opened(disk)
  output.write('one\n')
  const tries = disk.calls
  expect(tries).toBeGreaterThan(2)
  output.write('two\n')
  expect([disk.calls, disk.written, output.losing]).toEqual([tries + 1, '', true])
})

test('a reader that takes little is waited for now and then, not with every line', () => {
  const disk = new Disk()
  let now = 0
  let tries = 0
  // Who reads it is there at each sixth try.
  const system = (descriptor: number, bytes: Uint8Array) => {
    if (descriptor !== STDERR && ++tries % 6 !== 0) throw systemError('EAGAIN', 'pipe')
    return disk.write(descriptor, bytes)
  }
  const output = new LogOutput(join(root, 'x.log'), system, STDERR, () => now)
  const triesOf = (line: string) => {
    const before = tries
    output.write(line)
    return tries - before
  }
  // Twenty waits are the fifth of a second; those who find the reader there at once wait for nothing.
  expect(['1\n', '2\n', '3\n', '4\n', '5\n', '6\n', '7\n'].map(triesOf)).toEqual([6, 6, 6, 6, 1, 1, 1])
  expect([disk.written, output.losing]).toEqual(['1\n2\n3\n4\n', true])
  now = 10_001
  const lines = ['8\n', '9\n', '10\n', '11\n', '12\n']
  expect(lines.map(triesOf)).toEqual([1, 1, 1, 6, 6])
  expect([disk.written, output.losing]).toEqual(['1\n2\n3\n4\n10\n11\n12\n', false])
})

test('a pipe that nobody reads holds up nobody, although who shares it may wait there', () => {
  const output = join(import.meta.dirname, 'log-output.ts')
  const program = `
    import { LogOutput } from ${JSON.stringify(output)}
    const output = new LogOutput('')
    for (let line = 0; line < 200; line++) output.write('x'.repeat(1000) + '\\n')
    console.log(output.losing)`
  const argv = [process.execPath, `--import=${import.meta.resolve('tsx')}`, '--input-type=module', '-e', program]
  const command = 'mkfifo pipe && exec 2<>pipe && exec "$@"'
  const options = { cwd: root, encoding: 'utf8', timeout: 30_000 } as const
  expect(execFileSync('sh', ['-c', command, 'sh', ...argv], options)).toBe('true\n')
})

test('a file is added to', () => {
  const file = join(root, 'x.log')
  for (const line of ['one\n', 'two\n']) new LogOutput(file).write(line)
  expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n')
})
