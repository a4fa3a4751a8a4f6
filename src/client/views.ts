/** The two views that a node gives of itself, `/history` and `/state`, read strictly: what is no such view is an error. */
import { isLosslessNumber, parse } from 'lossless-json'
import { SynodError } from '../errors.ts'

/** What a node says about itself. */
export interface NodeState {
  /** The node that was asked. */
  readonly node: string
  readonly algorithm: string
  /** Whom the node takes for the leader; null when for nobody, or when the protocol has none. */
  readonly leader: string | null
  /** How many commands, or up to which slot, the node has executed; null when it does not say. */
  readonly executed: number | null
  /** Whether the node says that it serves requests; false where it does not say. */
  readonly ready: boolean
  /** Equal on two nodes where their key-value states are equal; exact, whatever its length. */
  readonly hash: string
  /** The faults that are on at the node, a line each. */
  readonly faults: readonly string[]
}

/**
 * Reads an answer of `/history`: a JSON array of base64 strings, or `null` for none.
 * @throws SynodError `malformed` when it is something else
 */
export function parseHistory(node: string, body: Buffer): Buffer[] {
  // No number in it matters, and a history is long: the exact parser would be at it for seconds.
  const view = json(node, 'history', body, JSON.parse)
  if (view === null) return []
  if (!Array.isArray(view)) throw malformed(node, 'history', body)
  return view.map((value: unknown) => {
    // Go writes a nil value as null: an empty one.
    if (value === null) return Buffer.alloc(0)
    const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64')
    // A regular expression runs out of stack where a value has some megabytes.
    if (bytes.toString('base64') !== value) throw malformed(node, 'history', body)
    return bytes
  })
}

/**
 * Reads an answer of `/state`: an object with at least `algorithm`, `executed`, and `hash` (a number or a string).
 * @throws SynodError `malformed` when it is something else
 */
export function parseState(node: string, body: Buffer): NodeState {
  const view = json(node, 'state', body)
  if (typeof view !== 'object' || view === null) throw malformed(node, 'state', body)
  const { algorithm, leader, executed, ready, hash, faults } = view as Record<string, unknown>
  if (typeof hash !== 'string' && !isLosslessNumber(hash)) throw malformed(node, 'state', body)
  return {
    node,
    algorithm: typeof algorithm === 'string' ? algorithm : '',
    leader: typeof leader === 'string' ? leader : null,
    executed: isLosslessNumber(executed) ? Number(executed.value) : null,
    ready: ready === true,
    hash: isLosslessNumber(hash) ? hash.value : hash,
    faults: Array.isArray(faults) ? faults.filter((line) => typeof line === 'string') : [],
  }
}

/**
 * Reads from an answer of `/state` whether the node serves requests.
 * @throws SynodError `malformed` when it is something else
 */
export function readinessOf(node: string, body: Buffer): boolean {
  const view = json(node, 'state', body)
  const ready = typeof view === 'object' && view !== null && 'ready' in view ? view.ready : null
  if (typeof ready !== 'boolean') throw malformed(node, 'state', body)
  return ready
}

function json(node: string, what: string, body: Buffer, read: (text: string) => unknown = parse): unknown {
  try {
    return read(body.toString())
  } catch {
    throw malformed(node, what, body)
  }
}

function malformed(node: string, what: string, body: Buffer): SynodError {
  const start = JSON.stringify(body.toString('utf8', 0, 60))
  return new SynodError('malformed', `node ${node} answered something that is no ${what}: ${start}`)
}
