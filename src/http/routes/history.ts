/** `/history?key=K`: every value that a key has had on this node, for Paxi's `cmd consensus`. */
import { parseKey } from '../key.ts'
import { type Context, doubledIn, queryOf } from './context.ts'
import { HISTORY } from './node-api.ts'

/** Adds the history route. Its `Id` names the node, unlike that of every other answer. */
export function addHistoryRoute({ app, gateway, responder }: Context): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/history',
    config: { api: HISTORY },
    handler: (request, reply) => {
      const query = queryOf(request.raw.url)
      const doubled = doubledIn(query)
      const key = doubled === null ? parseKey(query.get('key') ?? '') : null
      const headers = ['Id', gateway.id.name]
      if (key === null) {
        responder.sentence(reply.raw, 400, doubled ?? 'invalide key', headers)
        return
      }
      const values = gateway.history(key)
      // In base64 four characters are three bytes.
      const bytes = values?.reduce((sum, { length }) => sum + Math.ceil(length / 3) * 4, 0) ?? 0
      if (!responder.hasRoom(reply.raw, bytes)) return
      const body = JSON.stringify(values?.map((value) => Buffer.from(value).toString('base64')) ?? null)
      headers.push('Content-Type', 'text/plain; charset=utf-8')
      responder.text(reply.raw, 200, body, headers)
    },
  })
}
