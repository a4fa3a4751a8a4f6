/** The checksum of everything on disk: Node's own, for its speed. This is the only place that names it. */
export { crc32 } from 'node:zlib'
