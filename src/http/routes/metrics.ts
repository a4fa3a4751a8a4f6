/** `/metrics`: what the node has counted and measured, for Prometheus. */
import { sentenceOf } from '../responder.ts'
import type { Context } from './context.ts'
import { METRICS } from './node-api.ts'

const TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Adds the metrics route. */
export function addMetricsRoute({ app, gateway, responder }: Context): void {
  /** What all get that ask before it is made: many requests may come at once. */
  let making: Promise<Uint8Array> | null = null
  const make = () =>
    gateway
      .metrics()
      .then((text) => Buffer.from(text))
      .finally(() => {
        making = null
      })

  app.route({
    method: ['GET', 'HEAD'],
    url: '/metrics',
    config: { api: METRICS },
    handler: (_request, reply) => {
      making ??= make()
      making.then(
        (text) => responder.text(reply.raw, 200, text, ['Content-Type', TYPE]),
        (error: unknown) => responder.sentence(reply.raw, 500, sentenceOf(error)),
      )
    },
  })
}
