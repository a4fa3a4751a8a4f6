/** Small files as a whole: read at once, or made durable at once, before they are renamed and count. */
import type { Files } from './files.ts'

/** All that is in a file. */
export async function readWhole(files: Files, path: string): Promise<Uint8Array> {
  const file = await files.open(path, 'read')
  try {
    const bytes = new Uint8Array(await file.size())
    file.read(bytes, 0)
    return bytes
  } finally {
    await file.close()
  }
}

/** Makes a file that must not be there yet; its name is not durable then. */
export async function writeWhole(files: Files, path: string, bytes: Uint8Array): Promise<void> {
  const file = await files.open(path, 'new')
  try {
    await file.write(bytes, 0)
    await file.sync()
  } finally {
    await file.close()
  }
}
