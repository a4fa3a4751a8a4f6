/** Fault injection: `/crash?t=S` and `/drop?id=ID&t=S`, by GET as Paxi's `cmd` sends them and by POST. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Faults } from '../gateway.ts'
import { type Context, queryOf } from './context.ts'

/** Whole seconds, as Go's `Atoi` reads them; nine digits are 31 years. */
const SECONDS = /^[+-]?[0-9]{1,9}$/

function secondsOf(query: URLSearchParams): number | null {
  const text = query.get('t') ?? ''
  return SECONDS.test(text) ? Number(text) : null
}

/** Adds the fault routes. Without fault injection they answer 404. */
export function addFaultRoutes({ app, gateway, responder }: Context): void {
  /** A handler that has faults and a time; `inject` gives a sentence when it refuses. */
  function route(
    url: string,
    inject: (faults: Faults, query: URLSearchParams, seconds: number) => string | null,
  ): void {
    const handler = (request: FastifyRequest, reply: FastifyReply): void => {
      if (!gateway.faults) {
        responder.sentence(reply.raw, 404, 'fault injection is off')
        return
      }
      const query = queryOf(request.raw.url)
      const seconds = secondsOf(query)
      const refusal = seconds === null ? 'invalide time' : inject(gateway.faults, query, seconds)
      if (refusal === null) responder.text(reply.raw, 200, '')
      else responder.sentence(reply.raw, 400, refusal)
    }
    app.route({ method: ['GET', 'POST'], url, handler })
  }

  route('/crash', (faults, _query, seconds) => {
    faults.crash(seconds)
    return null
  })
  route('/drop', (faults, query, seconds) => {
    const id = gateway.cluster.find(query.get('id') ?? '')
    if (!id) return 'invalid id'
    faults.drop(id, seconds)
    return null
  })
}
