/** Copies of the sources in a temporary directory, which patches may change: the checkout never is. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What a run of the simulator is made of, and tests. */
const SOURCES = ['src', 'protocols', 'test/support', 'package.json', 'tsconfig.json', 'vitest.config.ts']

/** The sources as they were at one moment, whatever happens to the checkout meanwhile. */
export class Tree {
  readonly path: string

  constructor(source = ROOT) {
    this.path = mkdtempSync(join(tmpdir(), 'synod-mutant-'))
    for (const name of SOURCES) cpSync(join(source, name), join(this.path, name), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(this.path, 'node_modules'), 'dir')
  }

  /** A copy of this tree. */
  copy(): Tree {
    return new Tree(this.path)
  }

  /** Applies a patch file; gives null, or why it does not apply. */
  apply(patch: string): string | null {
    return this.#git('apply', '--whitespace=nowarn', resolve(patch))
  }

  /** The same, but leaves the tree as it is. */
  check(patch: string): string | null {
    return this.#git('apply', '--check', resolve(patch))
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }

  /** Runs git here; gives null, or what it complains of in one line. */
  #git(...words: string[]): string | null {
    // Neither a repository around the temporary directory nor one that a hook of git names may take the patch.
    const { GIT_DIR: _dir, GIT_WORK_TREE: _workTree, GIT_INDEX_FILE: _index, ...env } = process.env
    const { status, stderr, error } = spawnSync('git', words, {
      cwd: this.path,
      env: { ...env, GIT_CEILING_DIRECTORIES: dirname(this.path) },
      encoding: 'utf8',
    })
    if (error) return error.message
    return status === 0 ? null : stderr.trim().replace(/\s*\n\s*/g, ' / ') || `git ended with ${status}`
  }
}
