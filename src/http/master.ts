/**
 * The master's REST front. `POST /nodes/<id>` joins a node and `GET /config` asks for others; both answer 200 with the
 * configuration once all nodes have joined, and 503 with a sentence until then.
 */
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { SynodError } from '../errors.ts'
import type { Roster } from './roster.ts'

/** A request has no body that matters. */
const BODY_BYTES = 1024
const TEXT = 'text/plain; charset=utf-8'

/**
 * Makes the server; the caller listens and closes.
 * @param onJoin called after each node that joined, with its id and host
 */
export function createMasterServer(roster: Roster, onJoin: (id: string, host: string) => void): FastifyInstance {
  const app = Fastify({ logger: false, bodyLimit: BODY_BYTES, requestTimeout: 10_000, forceCloseConnections: true })
  const sentence = (reply: FastifyReply, status: number, text: string) =>
    reply.code(status).type(TEXT).send(`${text}\n`)
  const answer = (reply: FastifyReply) => {
    const config = roster.config()
    if (config) return reply.send(config)
    const { missing } = roster
    return sentence(
      reply.header('Retry-After', '1'),
      503,
      `waiting for ${missing} more node${missing === 1 ? '' : 's'}`,
    )
  }
  app.get('/config', (_request, reply) => answer(reply))
  app.post<{ Params: { id: string } }>('/nodes/:id', (request, reply) => {
    const { id } = request.params
    // A dual-stack listener shows IPv4 callers inside IPv6.
    const host = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
    const before = roster.missing
    try {
      roster.join(id, host)
    } catch (error) {
      if (!(error instanceof SynodError)) throw error
      return sentence(reply, error.code === 'usage' ? 409 : 400, error.message)
    }
    if (roster.missing < before) onJoin(id, host)
    return answer(reply)
  })
  app.setNotFoundHandler((_request, reply) => sentence(reply, 404, 'here are POST /nodes/<id> and GET /config'))
  app.setErrorHandler((error: { statusCode?: number; message: string }, _request, reply) =>
    sentence(reply, error.statusCode ?? 500, error.message),
  )
  return app
}
