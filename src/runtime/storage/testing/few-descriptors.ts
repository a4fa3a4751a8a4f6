/**
 * A program that takes all descriptors it may have, uses a directory meanwhile, and then gives them back. Argument: the
 * directory. Prints what has happened until then, and in the end.
 */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { realFiles } from '../files.ts'

const directory = process.argv[2]!
const taken: number[] = []
try {
  for (;;) taken.push(openSync(directory, 'r'))
} catch (error) {
  console.log((error as NodeJS.ErrnoException).code)
}
let done = 0
const uses = [
  realFiles.open(join(directory, 'file'), 'new').then((file) => file.close()),
  realFiles.syncDirectory(directory),
  realFiles.list(directory),
]
for (const use of uses) void use.then(() => (done += 1))
setTimeout(() => {
  console.log(done)
  for (const descriptor of taken) closeSync(descriptor)
}, 300)
await Promise.all(uses)
console.log(done)
