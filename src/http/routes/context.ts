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

/** What is wrong with the names of a query's parameters; null when nothing is. */
export function strangeIn(query: URLSearchParams, known: readonly string[]): string | null {
  for (const name of query.keys())
    if (!known.includes(name)) return `unknown parameter ${JSON.stringify(name)}: there are ${known.join(', ')}`
  return doubledIn(query)
}

/** Which parameter is given twice; null when none is. */
export function doubledIn(query: URLSearchParams): string | null {
  const seen = new Set<string>()
  for (const name of query.keys()) {
    if (seen.has(name)) return `parameter ${name} is given twice`
    seen.add(name)
  }
  return null
}
