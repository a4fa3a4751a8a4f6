/** `/docs`: OpenAPI of all routes, made from what they say of themselves, as a page, JSON and YAML. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { schemaOf } from './api.ts'
import type { Context } from './context.ts'

/** Everything comes from here, and nobody may put the page into a frame: it can inject faults. */
const POLICY = {
  'default-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'style-src': ["'self'", "'unsafe-inline'"],
  'object-src': ["'none'"],
  'frame-ancestors': ["'none'"],
}

const DESCRIPTION =
  'A replicated key-value store. Errors are a sentence as text. HEAD answers as GET does. ' +
  'Another method on a known path gets 405 with Allow.'

/** A path that climbs, for whoever takes paths for files. */
const CLIMBING = /^[^?]*(?:\.\.|\\)/

/**
 * Adds the documentation; routes that are to be in it must be registered later.
 * @param refuse answers a target that is none of its own
 */
export function addDocsRoutes(
  { app, responder }: Context,
  refuse: (request: FastifyRequest, reply: FastifyReply) => void,
): void {
  void app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Synod', description: DESCRIPTION, version: '1' } },
    transform: ({ schema, url, route }) => {
      const api = route.config?.api
      return api ? { schema: schemaOf(api), url: api.path ?? url } : { schema, url }
    },
  })
  void app.register((scope, _options, done) => {
    scope.addHook('onRequest', (request, reply, next) => {
      if (CLIMBING.test(request.raw.url!)) refuse(request, reply)
      else next()
    })
    // These answers do not go through the responder, so what it does for all others is done here.
    scope.addHook('onSend', (_request, reply, payload, next) => {
      reply.header('X-Content-Type-Options', 'nosniff')
      if (responder.isLast(reply.raw)) reply.header('Connection', 'close')
      next(null, payload)
    })
    void scope.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: POLICY,
      // The default asks a server elsewhere whether the document is valid.
      uiConfig: { validatorUrl: null },
    })
    done()
  })
}
