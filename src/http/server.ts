/** The REST front for Paxi's users: Fastify with the guard, the routes and an orderly end. */
import { METHODS } from 'node:http'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { declaresBody, declaresMore } from './body.ts'
import { onClientError } from './client-error.ts'
import { Connection } from './connection.ts'
import type { Gateway } from './gateway.ts'
import { type Identity, inspect } from './guard.ts'
import { errorHandler, Reception, refuseConnect, STALLED_MS } from './reception.ts'
import { Responder, type Response, sentenceOf } from './responder.ts'
import type { Context } from './routes/context.ts'
import { addDocsRoutes } from './routes/docs.ts'
import { addFaultRoutes } from './routes/faults.ts'
import { addHealthRoutes } from './routes/health.ts'
import { addHistoryRoute } from './routes/history.ts'
import { addKeyRoutes, KEY_METHODS } from './routes/keys.ts'
import { addTextKeyRoutes } from './routes/kv.ts'
import { addMetricsRoute } from './routes/metrics.ts'
import { addSessionRoute } from './routes/session.ts'
import { addStateRoute } from './routes/state.ts'
import { addUnknownRoute, methodsOfKey } from './routes/unknown.ts'
import { nodeTimes, TIMES } from './times.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the request's headers say about its sender. */
    identity: Identity
    /** Its body, for as long as its handler runs; of no length where it has none. */
    bytes: Uint8Array
  }
}

const NO_BYTES = new Uint8Array(0)

/** Limits of the server; all have safe defaults. */
export interface HttpOptions {
  /** The longest body, in bytes; 1 MiB. */
  readonly bodyLimit?: number
  /** How many bytes the bodies of open requests may have together, and as much again answers not yet taken; 64 MiB. */
  readonly openLimit?: number
  /** The longest header block, in bytes; 16 KiB. */
  readonly headerLimit?: number
  /** How long headers may take; 9 s. */
  readonly headersTimeoutMs?: number
  /** How long a whole request may take to arrive; 29 s. */
  readonly requestTimeoutMs?: number
  /** How often both are checked; 500 ms. */
  readonly checkIntervalMs?: number
  /** How long closing waits for half-sent requests and slow readers, once nothing is inside the node; 1 s. */
  readonly closeGraceMs?: number
  /** How long a client may take nothing of its answers; its connection ends after once to twice that; 10 s. */
  readonly stalledMs?: number
  /** How long a request waits for room in a node that is full, before it is refused; 1 s. */
  readonly patienceMs?: number
}

const DEFAULTS: Required<HttpOptions> = {
  bodyLimit: 1024 * 1024,
  openLimit: 64 * 1024 * 1024,
  headerLimit: 16 * 1024,
  ...TIMES,
  closeGraceMs: 1_000,
  stalledMs: STALLED_MS,
  patienceMs: 1_000,
}

/**
 * Makes the REST server of a node; the caller listens and closes. Closing refuses new requests, answers those inside
 * the node, ends idle connections at once and all others after `closeGraceMs`.
 */
export function createHttpServer(gateway: Gateway, options: HttpOptions = {}): FastifyInstance {
  const limits = { ...DEFAULTS, ...options }
  const responder = new Responder(gateway, limits)
  const app = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.stalledMs,
    routerOptions: { maxParamLength: limits.headerLimit, querystringParser: () => ({}), compile: true },
    http: {
      maxHeaderSize: limits.headerLimit,
      ...nodeTimes(limits),
      requireHostHeader: false,
    },
    clientErrorHandler: errorHandler(onClientError, limits.requestTimeoutMs),
    // Targets that the router cannot read, such as `*` and `/%zz`: hooks do not run for them.
    frameworkErrors: (_error, _request, reply) => {
      const identity = { clientId: '', commandId: '0' }
      if (admit(identity, reply.raw)) responder.sentence(reply.raw, 400, 'invalid path')
    },
  })

  const reception = new Reception(app.server, limits.stalledMs, (connection) => {
    responder.forget(connection)
    responder.look()
  })

  /** Refuses a request by its form, or because the server closes; true when it may go on. */
  function admit(identity: Identity, response: Response): boolean {
    const connection = reception.begin(response)
    if (!connection) return false
    const violation = inspect(response.req, identity)
    if (violation) {
      const { status, reason, close } = violation
      if (close) connection.end()
      responder.sentence(response, status, reason, close ? ['Connection', 'close'] : [])
    } else if (responder.closing) responder.shuttingDown(response)
    else return true
    return false
  }

  // Bodies are read here (see body.ts), so for Fastify no method has one.
  for (const method of METHODS) app.addHttpMethod(method, { hasBody: false, overrideExisting: true })
  app.decorateRequest('identity')
  app.decorateRequest('bytes')
  app.addHook('onRequest', (request, reply, next) => {
    const { raw } = request
    request.identity = { clientId: '', commandId: '0' }
    request.bytes = NO_BYTES
    if (!admit(request.identity, reply.raw)) return
    Connection.of(raw.socket).inTurn(raw, declaresBody(raw) ? whole(responder, request, reply, next) : next)
  })
  app.setErrorHandler((error, _request, reply) => {
    reply.hijack()
    responder.sentence(reply.raw, 500, sentenceOf(error))
  })
  guardExpectations(app, limits.bodyLimit, (response) => {
    const identity = { clientId: '', commandId: '0' }
    if (!admit(identity, response)) return
    Connection.of(response.req.socket).end()
    const close = ['Connection', 'close']
    responder.sentence(response, 417, 'only 100-continue is expected here', close)
  })
  addRoutes({ app, gateway, responder })
  closeOrderly(app, responder, limits.closeGraceMs)
  return app
}

/** No route acts on a request before all of it is here, whether it wants the body or not: reads it, then calls `next`. */
function whole(responder: Responder, request: FastifyRequest, { raw }: FastifyReply, next: () => void): () => void {
  return () =>
    responder.read(raw, (body) => {
      request.bytes = body
      next()
      // The route has had it: what of it is still needed is counted with its command.
      request.bytes = NO_BYTES
    })
}

/** Node answers CONNECT and unknown expectations itself, and would go round the guard. */
function guardExpectations(app: FastifyInstance, bodyLimit: number, refuse: (response: Response) => void): void {
  app.server.on('checkContinue', (request, response) => {
    if (!declaresMore(request, bodyLimit)) response.writeContinue()
    app.server.emit('request', request, response)
  })
  app.server.on('checkExpectation', (_request, response) => refuse(response))
  // The target is a host, unless somebody has mistaken the method.
  refuseConnect(app.server, (target) => methodsOfKey(target) ?? KEY_METHODS)
}

function addRoutes(outer: Context): void {
  const refuse = addUnknownRoute(outer)
  addDocsRoutes(outer)
  // Later than the documentation, which notes them.
  void outer.app.register((app, _options, done) => {
    addDocumented({ ...outer, app }, refuse)
    done()
  })
}

function addDocumented(context: Context, refuse: ReturnType<typeof addUnknownRoute>): void {
  addKeyRoutes(context, refuse)
  addTextKeyRoutes(context, refuse)
  addSessionRoute(context)
  addHistoryRoute(context)
  addStateRoute(context)
  addMetricsRoute(context)
  addHealthRoutes(context)
  addFaultRoutes(context)
}

/** Node ends idle connections and waits for the others, but no longer times out those that send half a request. */
function closeOrderly(app: FastifyInstance, responder: Responder, graceMs: number): void {
  app.addHook('preClose', (done) => {
    responder.close(() => {
      const timer = setInterval(() => app.server.closeAllConnections(), graceMs).unref()
      app.server.once('close', () => clearInterval(timer))
    }, done)
  })
}
