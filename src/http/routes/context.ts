/** What every route file gets to work with. */
import type { FastifyInstance } from 'fastify'
import type { Gateway } from '../gateway.ts'
import type { Responder } from '../responder.ts'

/** The parts of one server. */
export interface Context {
  readonly app: FastifyInstance
  readonly gateway: Gateway
  readonly responder: Responder
}

/** The query of a request's target. Only the rarely used routes parse it. */
export function queryOf(target: string | undefined): URLSearchParams {
  const mark = target?.indexOf('?') ?? -1
  return new URLSearchParams(mark < 0 ? '' : target?.slice(mark + 1))
}
