// Installs and builds what is missing or out of date, so that a fresh clone needs one command.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Whoever started this may be killed without a word; then it ends, too. */
const PARENT = process.ppid

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SOURCES = [
  'src',
  'protocols',
  'bin',
  'examples',
  'test/conformance',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
]

/** Runs a command of npm in the project; rejects when it fails. A signal to this process ends it too. */
function npm(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, { cwd: ROOT, stdio: ['ignore', 2, 2] })
    const stop = (signal) => child.kill(signal)
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
    const watch = setInterval(() => process.ppid !== PARENT && stop('SIGTERM'), 200)
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      clearInterval(watch)
      if (process.ppid !== PARENT) process.exit(130)
      for (const name of ['SIGINT', 'SIGTERM']) process.off(name, stop)
      if (code === 0) resolve()
      else reject(new Error(`npm ${args.join(' ')} ended with ${signal ?? code}`))
    })
  })
}

function modifiedAt(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0
}

/** When the newest file in or at `path` was changed. */
function newest(path) {
  if (!existsSync(path)) return 0
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

/** Brings `node_modules` and `dist` up to date. */
export async function setup() {
  const installed = modifiedAt(join(ROOT, 'node_modules', '.package-lock.json'))
  if (installed < modifiedAt(join(ROOT, 'package-lock.json'))) await npm('ci', '--no-audit', '--no-fund')
  const built = modifiedAt(join(ROOT, 'dist', '.built'))
  if (built < Math.max(...SOURCES.map((source) => newest(join(ROOT, source))))) await npm('run', '--silent', 'build')
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await setup()
  } catch (error) {
    process.stderr.write(`setup: ${error.message}\n`)
    process.exitCode = 1
  }
}
