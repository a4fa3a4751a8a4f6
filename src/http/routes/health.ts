/** `/health`: the process answers. `/health/ready`: the node serves requests, or the reason why not. */
import type { Context } from './context.ts'
import { ALIVE, READY } from './node-api.ts'

const TEXT = 'text/plain; charset=utf-8'

/** Adds the health routes. */
export function addHealthRoutes({ app, gateway, responder }: Context): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/health',
    config: { api: ALIVE },
    handler: (_request, reply) => responder.text(reply.raw, 200, 'alive\n', ['Content-Type', TEXT]),
  })
  app.route({
    method: ['GET', 'HEAD'],
    url: '/health/ready',
    config: { api: READY },
    handler: (_request, reply) => {
      const { ready, reason } = gateway.readiness()
      if (ready) responder.text(reply.raw, 200, `${reason}\n`, ['Content-Type', TEXT])
      else responder.sentence(reply.raw, 503, reason)
    },
  })
}
