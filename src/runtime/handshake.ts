/**
 * How two nodes meet on a new connection. The dialler sends frames on it, the listener receives them.
 *
 *     dialler ── connects ──> listener
 *     listener ── Challenge ──> dialler      who am I, and a nonce
 *     dialler ── Hello ──> listener          who am I, whom do I want, a nonce, proof that I know the secret
 *     listener ── Welcome ──> dialler        proof that I know it too; from now on frames
 *
 * Without a shared secret the proofs are made with an empty one: they keep strangers' bytes out by accident, not by
 * intent, and so such nodes listen on loopback only.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { codecOf } from '../codec/compile.ts'
import { FRAME_HEADER, frameNumber, framePayload, seal } from '../codec/frame.ts'
import { bytes, type MessageClass, message, string, uint32, uint53, type ValuesOf } from '../codec/schema.ts'
import { SynodError } from '../errors.ts'

/** The version of frames and handshake; nodes of another one do not talk. */
export const PROTOCOL_VERSION = 1

/** No frame of the handshake is longer. */
export const HANDSHAKE_LIMIT = 1024

export class Challenge extends message({ version: uint32, nonce: bytes }) {}

/** `language` is the fingerprint of the messages; another one means another protocol or another build of it. */
export class Hello extends message({
  version: uint32,
  cluster: string,
  language: string,
  from: string,
  to: string,
  incarnation: uint53,
  nonce: bytes,
  proof: bytes,
}) {}

export class Welcome extends message({ proof: bytes }) {}

/** What a node says of itself in every handshake. */
export interface Introduction {
  readonly cluster: string
  readonly language: string
  readonly name: string
  readonly incarnation: number
  readonly secret: string
}

const NUMBERS = new Map<MessageClass, number>([
  [Challenge, 1],
  [Hello, 2],
  [Welcome, 3],
])

/** A frame of the handshake. */
export function handshakeFrame<C extends MessageClass>(type: C, values: ValuesOf<C>): Uint8Array {
  return seal(codecOf(type).encode(values, FRAME_HEADER), NUMBERS.get(type)!)
}

/**
 * Reads a frame of the handshake.
 * @throws SynodError `malformed` when it is another one, or none
 */
export function readHandshake<C extends MessageClass>(type: C, frame: Uint8Array): ValuesOf<C> {
  if (frameNumber(frame) !== NUMBERS.get(type)) throw new SynodError('malformed', `expected ${type.name}`)
  return codecOf(type).decode(framePayload(frame))
}

export function newNonce(): Uint8Array {
  return randomBytes(16)
}

/** The dialler's answer to a challenge. */
export function hello(self: Introduction, to: string, challenge: Uint8Array, nonce: Uint8Array): Uint8Array {
  const { cluster, language, name, incarnation } = self
  const values = { version: PROTOCOL_VERSION, cluster, language, from: name, to, incarnation, nonce }
  return handshakeFrame(Hello, { ...values, proof: proofOf(self.secret, 'hello', challenge, values) })
}

/**
 * Checks a dialler's hello.
 * @throws SynodError `malformed` that says why it is not let in
 */
export function checkHello(self: Introduction, m: ValuesOf<typeof Hello>, challenge: Uint8Array): void {
  const refuse = (reason: string): never => {
    throw new SynodError('malformed', `who calls itself ${JSON.stringify(m.from)}: ${reason}`)
  }
  if (m.version !== PROTOCOL_VERSION) refuse(`protocol version ${m.version}, here ${PROTOCOL_VERSION}`)
  if (m.cluster !== self.cluster) refuse(`cluster "${m.cluster}", here "${self.cluster}"`)
  if (m.to !== self.name) refuse(`it looks for ${m.to}, here is ${self.name}`)
  if (m.language !== self.language)
    refuse('it runs another protocol, or another build of it, or has other limits.body_bytes')
  if (!equal(m.proof, proofOf(self.secret, 'hello', challenge, m))) refuse('it does not know the shared secret')
}

/** The listener's last word. */
export function welcome(self: Introduction, m: ValuesOf<typeof Hello>): Uint8Array {
  return handshakeFrame(Welcome, { proof: proofOf(self.secret, 'welcome', m.nonce, m) })
}

/** Whether the listener knows the secret, and is who was dialled. */
export function checkWelcome(self: Introduction, m: ValuesOf<typeof Welcome>, to: string, nonce: Uint8Array): boolean {
  return equal(m.proof, proofOf(self.secret, 'welcome', nonce, { cluster: self.cluster, from: self.name, to }))
}

/**
 * A key that only the two ends of one connection know, for datagrams beside it. Both nonces are in it, so that each
 * connection has another one.
 */
export function datagramKey(
  self: Introduction,
  names: { readonly from: string; readonly to: string },
  challenge: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  return proofOf(self.secret, 'datagrams', Buffer.concat([challenge, nonce]), { cluster: self.cluster, ...names })
}

function proofOf(
  secret: string,
  role: string,
  nonce: Uint8Array,
  { cluster, from, to }: { cluster: string; from: string; to: string },
): Uint8Array {
  return createHmac('sha256', secret)
    .update(JSON.stringify([role, cluster, from, to]))
    .update(nonce)
    .digest()
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
