// Compiles the programs into dist/, from nothing, so that no file of a deleted source stays behind.
import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
rmSync(`${ROOT}dist`, { recursive: true, force: true })
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' })
if (status === 0) writeFileSync(`${ROOT}dist/.built`, '')
process.exitCode = status ?? 1
