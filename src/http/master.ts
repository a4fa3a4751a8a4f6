/**
 * The master's REST front. `POST /nodes/<id>` joins a node and `GET /config` asks for others; both answer 200 with the
 * configuration once all nodes have joined, and 503 with a sentence until then.
 */
import { type IncomingMessage, METHODS } from 'node:http'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { SynodError } from '../errors.ts'
import { Bodies } from './bodies.ts'
import { declaresBody, readBody } from './body.ts'
import { refuseBytes } from './client-error.ts'
import { inspect } from './guard.ts'
import { errorHandler, Reception, refuseConnect, STALLED_MS } from './reception.ts'
import { sentenceOf } from './responder.ts'
import type { Roster } from './roster.ts'
import { nodeTimes, TIMES } from './times.ts'

/** No request needs a body: one is read and thrown away, but who sends a long one has come to the wrong place. */
const BODY_BYTES = 1024

/**
 * Makes the server; the caller listens and closes.
 * @param onJoin called after each node that joined, with its id and host
 * @param stalledMs how long a client may take nothing of its answers
 */
export function createMasterServer(
  roster: Roster,
  onJoin: (id: string, host: string) => void,
  stalledMs = STALLED_MS,
): FastifyInstance {
  const app = Fastify({
    logger: false,
    requestTimeout: TIMES.requestTimeoutMs,
    connectionTimeout: stalledMs,
    forceCloseConnections: true,
    http: { requireHostHeader: false, ...nodeTimes(TIMES) },
    clientErrorHandler: errorHandler(refuseBytes, TIMES.requestTimeoutMs),
    // Targets that the router cannot read, such as `/nodes/%zz`: hooks do not run for them.
    frameworkErrors: (_error, _request, reply) => {
      if (reception.begin(reply.raw)) sentence(reply, 400, 'invalid path')
    },
  })
  const reception = new Reception(app.server, stalledMs)
  // Node would answer these itself.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  refuseConnect(app.server, (target) => allowed(target) ?? 'GET, HEAD, POST')
  for (const method of METHODS) app.addHttpMethod(method, { hasBody: false, overrideExisting: true })
  const bodies = new Bodies(BODY_BYTES, Number.POSITIVE_INFINITY)
  app.addHook('onRequest', ({ raw }, reply, next) => {
    const connection = reception.begin(reply.raw)
    if (!connection) return
    const refuse = ({ status, reason }: { status: number; reason: string }) =>
      sentence(reply.header('Connection', 'close'), status, reason)
    const violation = violationOf(raw)
    // Who goes away before all of a request is here has asked for nothing.
    const readWhole = () =>
      readBody(raw, bodies, (body) => {
        if (body instanceof Uint8Array) {
          next()
          return
        }
        connection.cut()
        refuse(body)
      })
    if (violation) {
      connection.end()
      refuse(violation)
    } else connection.inTurn(raw, declaresBody(raw) ? readWhole : next)
  })
  addRoutes(app, roster, onJoin)
  app.setNotFoundHandler((request, reply) => {
    const allow = allowed(request.raw.url ?? '')
    if (allow === null) return sentence(reply, 404, 'here are POST /nodes/<id> and GET /config')
    return sentence(reply.header('Allow', allow), 405, `only ${allow} here`)
  })
  app.setErrorHandler((error, _request, reply) => sentence(reply, 500, sentenceOf(error)))
  return app
}

function addRoutes(app: FastifyInstance, roster: Roster, onJoin: (id: string, host: string) => void): void {
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
}

/** Why the rest of a connection is not to be read; targets are the routes' own, which tell a wrong id in words. */
function violationOf(request: IncomingMessage): { status: number; reason: string } | null {
  const { expect = '100-continue' } = request.headers
  if (expect.toLowerCase() !== '100-continue') return { status: 417, reason: 'only 100-continue is expected here' }
  const violation = inspect(request, { clientId: '', commandId: '0' })
  return violation?.close ? violation : null
}

/** The methods of a target, as `Allow` lists them; null where there is no such route. */
function allowed(target: string): string | null {
  const [path = ''] = target.split('?', 1)
  if (path === '/config') return 'GET, HEAD'
  return /^\/nodes\/[^/]*$/.test(path) ? 'POST' : null
}

function sentence(reply: FastifyReply, status: number, text: string): FastifyReply {
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }
  return reply.code(status).headers(headers).send(`${text}\n`)
}
