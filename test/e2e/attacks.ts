/** What reaches the port for other nodes and does not belong there: from strangers, and from a member that has gone mad. */
import { randomBytes } from 'node:crypto'
import { seal } from '../../src/codec/frame.ts'
import { HANDSHAKE_LIMIT, type Introduction } from '../../src/runtime/handshake.ts'
import type { Stranger } from './stranger.ts'

/** A frame of any number and payload. */
export function frame(number: number, payload: Uint8Array): Uint8Array {
  return seal(Buffer.concat([Buffer.alloc(6), payload]), number)
}

/** What a stranger says; gives whether it was let in, where that is the question. */
export type Attack = (stranger: Stranger, self: Introduction) => Promise<boolean | undefined> | undefined

/** Says just this. */
export const say =
  (bytes: Uint8Array | string) =>
  (stranger: Stranger): undefined => {
    stranger.send(bytes)
    return undefined
  }

/** Refused for who or what it is. */
export const STRANGERS: readonly [string, Attack][] = [
  ['HTTP', say('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n')],
  // But not a length that makes the node wait for more.
  ['random bytes', (s) => say(Buffer.concat([randomBytes(3), Buffer.from([0x7f]), randomBytes(200)]))(s)],
  ['a frame over the limit of handshakes', say(frame(2, Buffer.alloc(HANDSHAKE_LIMIT)))],
  ['a length of 4 GiB', say(Uint8Array.of(255, 255, 255, 255, 2, 0))],
  ['a frame too short for its number', say(Uint8Array.of(1, 0, 0, 0, 2, 0))],
  ['a frame of the protocol before the handshake', say(frame(20, Buffer.alloc(8)))],
  ['a hello that is no message', say(frame(2, Buffer.alloc(64, 0xff)))],
  ['another version', (s, self) => s.introduce(self, '1.1', { version: 2 })],
  ['another cluster', (s, self) => s.introduce({ ...self, cluster: 'other' }, '1.1')],
  ['another protocol or build', (s, self) => s.introduce({ ...self, language: 'paxos 0' }, '1.1')],
  ['a node of no such name', (s, self) => s.introduce({ ...self, name: '9.9' }, '1.1')],
  ['a name that is a path', (s, self) => s.introduce({ ...self, name: '../x' }, '1.1')],
  ['the name __proto__', (s, self) => s.introduce({ ...self, name: '__proto__' }, '1.1')],
  ['the name of the node itself', (s, self) => s.introduce({ ...self, name: '1.1' }, '1.1')],
  ['one who looks for another node', (s, self) => s.introduce(self, '1.2')],
  ['another secret', (s, self) => s.introduce({ ...self, secret: 'a guess of it' }, '1.1')],
  ['no secret', (s, self) => s.introduce({ ...self, secret: '' }, '1.1')],
  ['an empty proof', (s, self) => s.introduce(self, '1.1', { proof: new Uint8Array(0) })],
  ['a proof for another name', (s, self) => s.introduce(self, '1.1', { from: '1.2' })],
]

/** Let in as 1.3, then not understood. */
export const MEMBERS: readonly [string, Uint8Array][] = [
  ['a frame over the limit', Uint8Array.of(0, 0, 0, 2, 1, 0)],
  ['a length of 4 GiB', Uint8Array.of(255, 255, 255, 255, 1, 0)],
  ['a frame too short for its number', Uint8Array.of(0, 0, 0, 0, 1, 0)],
  ['an unknown message number', frame(9999, Buffer.alloc(4))],
  ['message number 65535 without payload', frame(65_535, Buffer.alloc(0))],
  ['a known message that is none', frame(0, Buffer.alloc(40, 0xff))],
  ['a list longer than its frame', frame(0, Buffer.from([0x12, 0xff, 0xff, 0xff, 0xff, 0x07, 0, 0, 0, 0]))],
  ['groups in groups, 200 deep', frame(0, Buffer.alloc(200, 0x7b))],
  ['a varint over ten bytes', frame(0, Buffer.concat([Buffer.from([0x18]), Buffer.alloc(11, 0x80)]))],
]
