/** `/state`: what the node knows of itself, as JSON for people and tools. */
import type { Context } from './context.ts'
import { STATE } from './node-api.ts'

/** Adds the state route. */
export function addStateRoute({ app, gateway, responder }: Context): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/state',
    config: { api: STATE },
    handler: (_request, reply) => {
      const body = JSON.stringify(gateway.state()) ?? 'null'
      responder.text(reply.raw, 200, body, ['Content-Type', 'application/json; charset=utf-8'])
    },
  })
}
