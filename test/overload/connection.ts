/** One keep-alive connection that pipelines: requests go out as bytes made before, answers come back in their order. */
import { connect, type Socket } from 'node:net'

/** What came back for a request. */
export type Answer = 'done' | 'refused' | { readonly other: string }

const HEAD_END = '\r\n\r\n'

export class Connection {
  readonly #depth: number
  readonly #take: (answer: Answer, dueMs: number) => void
  readonly #socket: Socket
  /** When the requests under way were due, oldest first, from `#head` on. */
  #due: number[] = []
  #head = 0
  #outgoing = ''
  #received = ''
  #open = false

  /** @param take gets the answer of each request, and when that was due */
  constructor(port: number, depth: number, take: (answer: Answer, dueMs: number) => void) {
    this.#depth = depth
    this.#take = take
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('connect', () => {
      this.#open = true
    })
    this.#socket.on('data', (text) => this.#read(String(text)))
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => this.#lost())
  }

  /** Whether another request may be added now. */
  get free(): boolean {
    return this.#open && this.#due.length - this.#head < this.#depth
  }

  get idle(): boolean {
    return this.#due.length === this.#head
  }

  /** Adds a request, which leaves with the next `flush`. */
  add(request: string, dueMs: number): void {
    this.#due.push(dueMs)
    this.#outgoing += request
  }

  flush(): void {
    if (this.#outgoing === '') return
    this.#socket.write(this.#outgoing, 'latin1')
    this.#outgoing = ''
  }

  close(): void {
    this.#due = []
    this.#head = 0
    this.#socket.destroy()
  }

  #lost(): void {
    this.#open = false
    const left = this.#due.slice(this.#head)
    this.#due = []
    this.#head = 0
    for (const dueMs of left) this.#take({ other: 'connection lost' }, dueMs)
  }

  #read(text: string): void {
    const input = this.#received + text
    let at = 0
    for (;;) {
      const end = input.indexOf(HEAD_END, at)
      if (end < 0) break
      const length = lengthOf(input, at, end)
      const next = end + HEAD_END.length + length
      if (input.length < next) break
      const dueMs = this.#due[this.#head++]
      if (dueMs !== undefined) this.#take(answerOf(input, at, end, next), dueMs)
      at = next
    }
    this.#received = input.slice(at)
    if (this.#head > 1024) {
      this.#due = this.#due.slice(this.#head)
      this.#head = 0
    }
  }
}

function lengthOf(input: string, from: number, end: number): number {
  const at = input.indexOf('Content-Length: ', from)
  return at < 0 || at > end ? 0 : Number.parseInt(input.slice(at + 16, at + 24), 10)
}

function answerOf(input: string, from: number, end: number, next: number): Answer {
  const status = input.slice(from + 9, from + 12)
  if (status === '200') return 'done'
  const body = input.slice(end + HEAD_END.length, next)
  const hint = input.slice(from, end).includes('\r\nRetry-After: ')
  if (status === '503' && hint) return 'refused'
  return { other: `${status} ${body.trimEnd()}` }
}
