/**
 * The client of Synod's own routes: any key, deletes, compare-and-set and sessions. It fails over to other nodes, and
 * says by the type of the error whether a write was certainly not applied. `Client` is for Paxi's routes.
 */
import { type Answered, type AttemptOptions, Attempts } from './attempts.ts'
import { type Key, textPath } from './key.ts'
import { failure } from './outcomes.ts'
import { Session } from './session.ts'
import { type CallOptions, type Told, told, type Write, Writes } from './writes.ts'

/**
 * The path of a read. `log` is the protocol's own and linearizable, as are `leader` and `quorum`, which spare the log
 * its slot. `any` is what the node asked happens to hold: it may be stale, and may go back from one read to the next.
 */
export type ReadPath = 'log' | 'leader' | 'quorum' | 'any'

/** Overrides for one read. */
export interface GetOptions extends CallOptions {
  /** The path to take; without it as the node was told by its flag `-read`. */
  readonly read?: ReadPath
}

/** What a read gave; of one beside the log `inProgress` says whether a newer value may be there already. */
export interface Found extends Told {
  /** Null when the key is absent; an empty value is an empty buffer. */
  readonly value: Buffer | null
}

/**
 * See the file's head. Without a session a write is tried again only after a definite refusal; within one, also after
 * an unknown outcome.
 *
 *     const client = new KeyValueClient({ nodes: { '1.1': 'http://127.0.0.1:8080' } })
 *     const session = await client.openSession()
 *     await session.put('k', 'v')
 */
export class KeyValueClient extends Writes {
  readonly #attempts: Attempts

  /** @throws SynodError `config` when the options make no sense: no nodes, a bad url, an `id` that is no node, a time that no timer can wait */
  constructor(options: AttemptOptions) {
    super()
    this.#attempts = new Attempts(options)
  }

  /** The nodes' ids. */
  get nodes(): readonly string[] {
    return this.#attempts.nodes
  }

  /**
   * Reads `key`, by the path asked for. Where the protocol does not have that path, the refusal's code is `unsupported`.
   * @throws RefusedError, UnknownOutcomeError when no node answered; SynodError `malformed` for a bad key, `config` for a
   *   bad time; TypeError for what is no key
   */
  async get(key: Key, { read, timeoutMs }: GetOptions = {}): Promise<Found> {
    const request = { method: 'GET', path: textPath(key), body: null, answers: [200, 404] } as const
    const headers = read === undefined ? [] : ['Read', read]
    const answered = await this.#attempts.run(
      { ...request, headers, repeatable: true },
      this.#attempts.deadline(timeoutMs),
    )
    return { ...told(answered), value: answered.reply.status === 200 ? answered.reply.body : null }
  }

  /**
   * Opens a session. Where the protocol has none, the refusal's code is `unsupported`.
   * @throws RefusedError, UnknownOutcomeError
   */
  async openSession(options: CallOptions = {}): Promise<Session> {
    const open = { method: 'POST', path: '/session', body: null, answers: [201] } as const
    // One that was opened without our knowing is never used, and goes when its time has come.
    const deadline = this.#attempts.deadline(options.timeoutMs)
    const { node, reply } = await this.#attempts.run({ ...open, headers: [], repeatable: true }, deadline)
    const id = sessionOf(reply.body)
    if (id === null) throw failure(false, 'malformed', `node ${node} answered something that is no session`)
    return new Session(id, this.#attempts)
  }

  /**
   * Closes all connections once requests under way have ended; further ones are refused at once, with code `usage`, and so are
   * those of sessions that wait for their turn.
   */
  async close(): Promise<void> {
    await this.#attempts.close()
  }

  protected override async send(write: Write, { timeoutMs }: CallOptions): Promise<Answered> {
    return this.#attempts.run({ ...write, repeatable: false }, this.#attempts.deadline(timeoutMs))
  }
}

function sessionOf(body: Buffer): string | null {
  try {
    const { session } = JSON.parse(body.toString()) as { session?: unknown }
    return typeof session === 'string' ? session : null
  } catch {
    return null
  }
}
