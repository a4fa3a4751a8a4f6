/**
 * A program that takes all descriptors it may have, uses a directory meanwhile, and then gives them back. Argument: the
 * directory. Prints how many of the uses had to wait for that, and how many ended. What has loaded the program may give some
 * descriptors back as well; there are more uses than that.
 */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { realFiles } from '../files.ts'

const FILES = 20

const directory = process.argv[2]!
const taken: number[] = []
try {
  for (;;) taken.push(openSync(directory, 'r'))
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'EMFILE') throw error
}
let done = 0
// Files stay open, so that each needs a descriptor of its own.
const uses: Promise<unknown>[] = Array.from({ length: FILES }, (_, n) => realFiles.open(join(directory, `${n}`), 'new'))
uses.push(realFiles.syncDirectory(directory), realFiles.list(directory))
for (const use of uses) void use.then(() => (done += 1))
await pause(300)
console.log(uses.length - done)
for (const descriptor of taken) closeSync(descriptor)
await Promise.all(uses)
console.log(done)
// Files that are open would be closed, with a complaint, when they are forgotten.
process.exit()
