/** Table tests of the media type, byte by byte. */
import { expect, test } from 'vitest'
import { mediaType } from './media-type.ts'

const BINARY = 'application/octet-stream'
const TEXT = 'text/plain; charset=utf-8'

test('exactly the control characters that text does not have make a value binary', () => {
  const binary = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 0x0b, 0x0e, 0x0f])
  for (let byte = 0x10; byte < 0x20; byte++) if (byte !== 0x1b) binary.add(byte)
  for (let byte = 0; byte < 256; byte++) {
    expect(mediaType(Uint8Array.of(0x61, byte)), `byte ${byte}`).toBe(binary.has(byte) ? BINARY : TEXT)
  }
})

test('only the first 512 bytes count', () => {
  const value = new Uint8Array(513).fill(0x61)
  value[512] = 0
  expect(mediaType(value)).toBe(TEXT)
  value[511] = 0
  expect(mediaType(value)).toBe(BINARY)
})
