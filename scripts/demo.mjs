// `npm run demo`: sets up what is missing, then starts the demonstration in this same process.
import { setup } from './setup.mjs'

try {
  await setup()
} catch (error) {
  process.stderr.write(`demo: ${error.message}\n`)
  process.exit(1)
}
await import('../dist/bin/demo.js')
