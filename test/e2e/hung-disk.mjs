/** Loaded before a server: as long as the file named by HUNG_DISK exists, no sync of its log ends. */
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

const handle = await open(process.execPath)
const prototype = Object.getPrototypeOf(handle)
await handle.close()
const { datasync } = prototype
prototype.datasync = async function () {
  while (existsSync(process.env.HUNG_DISK)) await setTimeout(10)
  return datasync.call(this)
}
