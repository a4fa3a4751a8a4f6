/** A socket for tests that must choose each byte: HTTP clients would mend or refuse what is sent here. */
import { connect, type Socket } from 'node:net'

/** One response, as it stood on the wire. */
export interface RawResponse {
  readonly status: number
  /** By lower-case name; a name given twice has its values joined with a comma. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/** Splits the first response off `bytes`; null while it is incomplete. `bodiless` is for answers to HEAD. */
export function parseResponse(bytes: Buffer, bodiless = false): { response: RawResponse; rest: Buffer } | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return null
  const [start = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const earlier = headers.get(name)
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`)
  }
  const length = bodiless ? 0 : Number(headers.get('content-length') ?? 0)
  const from = end + 4
  if (bytes.length < from + length) return null
  const status = Number(start.split(' ')[1])
  return {
    response: { status, headers, body: bytes.subarray(from, from + length) },
    rest: bytes.subarray(from + length),
  }
}

/** One connection. */
export class RawClient {
  /** What was received and not yet taken as a response. */
  received: Buffer = Buffer.alloc(0)
  readonly socket: Socket
  /** Settles when the connection is gone, in whatever way. */
  readonly closed: Promise<void>
  #isClosed = false
  #wake: (() => void) | null = null

  /** @param allowHalfOpen whether it may go on sending when the server has ended its side */
  constructor(port: number, allowHalfOpen = false) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen })
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => {
        this.#isClosed = true
        this.#wake?.()
        resolve()
      })
    })
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk])
      this.#wake?.()
    })
  }

  /** Sends bytes; a string is taken as Latin-1, so any byte can be written. */
  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** The next response; rejects when the connection ends before it is complete. */
  async response(bodiless = false): Promise<RawResponse> {
    for (;;) {
      const parsed = parseResponse(this.received, bodiless)
      if (parsed) {
        this.received = parsed.rest
        return parsed.response
      }
      if (this.#isClosed) throw new Error(`closed after ${JSON.stringify(this.received.toString('latin1'))}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Sends bytes and gives the response. */
  exchange(bytes: string | Uint8Array, bodiless = false): Promise<RawResponse> {
    this.send(bytes)
    return this.response(bodiless)
  }

  close(): void {
    this.socket.destroy()
  }
}
