/**
 * The manifest of a data directory: whose records these are. Two lines of text: JSON, and the CRC-32 of that in
 * hexadecimal digits. It is written when a memory begins, and tells the directory of one node, cluster or algorithm from another's.
 */

import { SynodError } from '../../../errors.ts'
import { crc32 } from './crc32.ts'
import { damage } from './damage.ts'

/** Whose records a directory holds. */
export interface Owner {
  /** The cluster's name. */
  readonly cluster: string
  /** All members in the order of their numbers: a ballot on disk names its owner by number. */
  readonly members: readonly string[]
  readonly node: string
  /** Records of one algorithm mean nothing to another. */
  readonly algorithm: string
}

/** The content of the file. */
export interface Manifest extends Owner {
  readonly format: number
  /** Names this memory: as old as the records, new when they are gone. */
  readonly incarnation: number
  /** What was wrong with an earlier memory of this node, which was set aside; left out when this is the first. */
  readonly damage?: string
  /** The folder that holds it. */
  readonly kept?: string
  /** Said until all of it is there: nothing has been recorded in this memory. */
  readonly moving?: true
}

/** The version of everything in a data directory. */
export const FORMAT = 1

export function encodeManifest(manifest: Manifest): Uint8Array {
  const text = JSON.stringify(manifest)
  return new TextEncoder().encode(`${text}\n${checksum(text)}\n`)
}

/** @throws SynodError `storage` when it is damaged, `config` when it is of another version */
export function decodeManifest(path: string, bytes: Uint8Array): Manifest {
  const [text = '', crc = '', ...rest] = new TextDecoder().decode(bytes).split('\n')
  if (crc !== checksum(text) || rest.length !== 1 || rest[0] !== '') throw damage(path, 0, 'the manifest is damaged')
  const manifest = JSON.parse(text) as Manifest
  if (manifest.format !== FORMAT) {
    throw new SynodError('config', `${path}: format ${manifest.format}; this program reads and writes format ${FORMAT}`)
  }
  return manifest
}

/**
 * Refuses the directory of another owner.
 * @throws SynodError `config`, which says what differs
 */
export function requireOwner(path: string, manifest: Manifest, owner: Owner): void {
  const differences = [
    ['node', manifest.node, owner.node],
    ['cluster', manifest.cluster, owner.cluster],
    ['algorithm', manifest.algorithm, owner.algorithm],
    ['members', manifest.members.join(' '), owner.members.join(' ')],
  ] as const
  for (const [what, kept, wanted] of differences) {
    if (kept === wanted) continue
    const sentence = `${path}: the records of ${what} ${kept}, not ${wanted}; another -storage keeps them apart`
    throw new SynodError('config', sentence)
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
