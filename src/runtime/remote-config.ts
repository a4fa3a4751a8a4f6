/** Gets the configuration from a master: a node joins and waits for the others, a client takes what there is. */
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Config, parseConfig } from '../config/index.ts'
import { SynodError } from '../errors.ts'

const PAUSE_MS = 200
const PATIENCE_MS = 5_000

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
 * Joins as the node `id`, and waits until all others have.
 * @param onWait called whenever the master says what it waits for, and it is something new
 * @throws SynodError as `fetchConfig`, and `config` when there is no place for this node
 */
export async function joinCluster(master: string, id: string, onWait: (sentence: string) => void): Promise<Config> {
  let said = ''
  for (;;) {
    const { status, text } = await ask(master, 'POST', `nodes/${encodeURIComponent(id)}`)
    if (status !== 503) return read(master, status, text)
    if (text !== said) onWait(`master ${master}: ${text.trim()}`)
    said = text
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
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new SynodError('unavailable', `master ${master}: ${error.message}`))
    const outgoing = request(url, { method, agent: false, signal: AbortSignal.timeout(PATIENCE_MS) }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
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
