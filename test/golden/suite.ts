/**
 * Golden scenarios, in the manner of etcd's raft: texts that a person reads as documentation of a protocol and a
 * machine checks line by line. One suite for every protocol.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Module } from '../../src/codec/schema.ts'
import type { Protocol } from '../../src/replica.ts'
import { difference } from './difference.ts'
import { parse, print } from './file.ts'
import { play } from './play.ts'

/**
 * One test for each `.txt` in `folder`: its commands have the output that it shows. With UPDATE_GOLDEN=1 the outputs
 * are written anew instead; what a file expects and what the invariants demand must hold even then.
 */
export function goldenScenarios(protocol: Protocol, messages: Module, folder: URL): void {
  const path = relative(process.cwd(), fileURLToPath(folder))
  const rewrite = process.env.UPDATE_GOLDEN === '1'
  describe(`golden scenarios in ${path}`, () => {
    const names = readdirSync(folder).filter((name) => name.endsWith('.txt'))
    it('are some', () => expect(names.length).toBeGreaterThan(0))

    for (const name of names.sort()) {
      it(name, () => {
        const url = new URL(name, folder)
        const text = readFileSync(url, 'utf8')
        const played = play(protocol, messages, `${path}/${name}`, text)
        if (rewrite) {
          if (print(played) !== text) writeFileSync(url, print(played))
          return
        }
        const found = difference(`${path}/${name}`, parse(name, text), played)
        const advice = `If that is as it should be: UPDATE_GOLDEN=1 npx vitest run ${path.replace(/[^/]*\/?$/, 'golden.test.ts')}`
        if (found !== null) throw new Error(`${found}\n${advice}`)
        expect(text, 'the file is written as the suite would write it').toBe(print(played))
      })
    }
  })
}
