/** Gets the configuration from a master: a node joins and waits for the others, a client takes what there is. */
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Config, parseConfig } from '../config/index.ts'
import { SynodError } from '../errors.ts'

const PAUSE_MS = 200
const PATIENCE_MS = 5_000

/** Room for the addresses of more nodes than any cluster has. */
const ANSWER_BYTES = 2 ** 24

/** How long a node that wants to join tries to reach the master: it may be starting, too. */
const JOIN_PATIENCE_MS = 30_000

/** The port of a master whose address names none. */
export const MASTER_PORT = 1735

/**
 * Asks the master once.
 * @param master `host:port`, or `host`
 * @throws SynodError `usage` for a bad address, `unavailable` when it does not answer or nodes are missing, `config` for
 * what it answers
 */
export async function fetchConfig(master: string): Promise<Config> {
  const { status, text } = await ask(master, 'GET', 'config')
  if (status === 503) throw new SynodError('unavailable', `master ${master}: ${text.trim()}`)
  return read(master, status, text)
}

/**
 * Joins as the node `id`, and waits until all others have. A master that is away is tried again for `patienceMs`.
 * @param onWait called whenever there is something new to wait for
 * @throws SynodError as `fetchConfig`, and `config` when there is no place for this node
 */
export async function joinCluster(
  master: string,
  id: string,
  onWait: (sentence: string) => void,
  patienceMs = JOIN_PATIENCE_MS,
): Promise<Config> {
  let said = ''
  const wait = (sentence: string) => {
    if (sentence !== said) onWait(sentence)
    said = sentence
  }
  let answeredAt = performance.now()
  for (;;) {
    try {
      const { status, text } = await ask(master, 'POST', `nodes/${encodeURIComponent(id)}`)
      if (status !== 503) return read(master, status, text)
      answeredAt = performance.now()
      wait(`master ${master}: ${text.trim()}`)
    } catch (error) {
      const away = error instanceof SynodError && error.code === 'unavailable'
      if (!away || performance.now() - answeredAt >= patienceMs) throw error
      wait(`${error.message}; trying again for ${patienceMs / 1000} s`)
    }
    await sleep(PAUSE_MS)
  }
}

function read(master: string, status: number, text: string): Config {
  if (status === 200) return parseConfig(text, `master ${master}`)
  const [line = ''] = text.split('\n')
  throw new SynodError('config', `master ${master}: ${status} ${line.slice(0, 200)}`)
}

/** Node's own client: `fetch` refuses a list of ports. */
function ask(master: string, method: 'GET' | 'POST', path: string): Promise<{ status: number; text: string }> {
  const url = `${urlOf(master)}/${path}`
  const signal = AbortSignal.timeout(PATIENCE_MS)
  return new Promise((resolve, reject) => {
    // Who has several addresses, and answers at none of them, gets an error without a message.
    const fail = (error: NodeJS.ErrnoException) => {
      const reason = signal.aborted ? `no answer within ${PATIENCE_MS} ms` : error.message || error.code
      reject(new SynodError('unavailable', `master ${master}: ${reason}`))
    }
    const outgoing = request(url, { method, agent: false, signal }, (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes <= ANSWER_BYTES) return
        // It comes first, so the failure that follows from it is not heard.
        reject(new SynodError('config', `master ${master}: the answer has more than ${ANSWER_BYTES} bytes`))
        response.destroy()
      })
      response.on('error', fail)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
    })
    outgoing.on('error', fail)
    outgoing.end()
  })
}

function urlOf(master: string): string {
  const match = /^(?:http:\/\/)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::([0-9]{1,5}))?\/?$/.exec(master)
  const url = match ? `http://${match[1]}:${match[2] ?? MASTER_PORT}` : ''
  if (!URL.canParse(url))
    throw new SynodError('usage', `-master ${master}: no address such as 127.0.0.1:${MASTER_PORT}`)
  return url
}
