/** Tells text from binary values as Go's net/http does, whose servers Paxi's users know. */

/** One bit per control character that text does not contain: 0x00-0x08, 0x0B, 0x0E-0x1A, 0x1C-0x1F. */
const BINARY = 0xf7ff_c9ff

/** How many bytes are looked at. */
const WINDOW = 512

/** The `Content-Type` of a value that is not empty. */
export function mediaType(value: Uint8Array): string {
  const end = Math.min(value.length, WINDOW)
  for (let i = 0; i < end; i++) {
    const byte = value[i]!
    if (byte < 0x20 && (BINARY >>> byte) & 1) return 'application/octet-stream'
  }
  return 'text/plain; charset=utf-8'
}
