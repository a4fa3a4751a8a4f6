// `npm run demo`: sets up what is missing, then starts the demonstration in this same process.
import { setup } from './setup.mjs'

const parent = process.ppid

try {
  await setup()
} catch (error) {
  process.stderr.write(`demo: ${error.message}\n`)
  process.exit(1)
}
// The demonstration watches the parent that this process began with, not one it was left to meanwhile.
process.env.SYNOD_DEMO_PARENT = String(parent)
await import('../dist/bin/demo.js')
