/**
 * Fault injection. `/crash?t=S` and `/drop?id=ID&t=S` come by GET, as Paxi's `cmd` sends them, and by POST; the others
 * change a node too, and come by POST only: `/slow?id=&ms=&t=`, `/flaky?id=&p=&t=`, `/partition?t=&ids=`, `/heal`.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { NodeId } from '../../node-id.ts'
import { FAULT_NAMES, type Faults } from '../gateway.ts'
import { type Context, queryOf } from './context.ts'

/** Whole seconds, as Go's `Atoi` reads them; nine digits are 31 years. */
const SECONDS = /^[+-]?[0-9]{1,9}$/
/** Below a day, so that it fits any timer. */
const MILLISECONDS = /^[0-9]{1,7}$/
const CHANCE = /^(?:0|1|0?\.[0-9]{1,15}|1\.0{1,15})$/

const BAD_TIME = 'invalide time'
const BAD_ID = 'invalid id'

/** Injects a fault and gives the answer's text, or refuses with a sentence. */
type Inject = (faults: Faults, query: URLSearchParams) => { readonly text: string } | { readonly refusal: string }

const DONE = { text: '' }

/** Adds the fault routes. Without fault injection they answer 404. */
export function addFaultRoutes({ app, gateway, responder }: Context): void {
  function route(method: readonly ('GET' | 'POST')[], url: string, inject: Inject): void {
    const handler = (request: FastifyRequest, reply: FastifyReply): void => {
      if (!gateway.faults) {
        responder.sentence(reply.raw, 404, 'fault injection is off')
        return
      }
      const outcome = inject(gateway.faults, queryOf(request.raw.url))
      if ('text' in outcome) responder.text(reply.raw, 200, outcome.text)
      else responder.sentence(reply.raw, 400, outcome.refusal)
    }
    app.route({ method: [...method], url, handler })
  }

  /** A route for a fault that lasts for some time; `inject` gives a sentence when it refuses. */
  function timed(
    method: readonly ('GET' | 'POST')[],
    url: string,
    inject: (faults: Faults, query: URLSearchParams, seconds: number) => string | null,
  ): void {
    route(method, url, (faults, query) => {
      const text = query.get('t') ?? ''
      const refusal = SECONDS.test(text) ? inject(faults, query, Number(text)) : BAD_TIME
      return refusal === null ? DONE : { refusal }
    })
  }

  const member = (query: URLSearchParams): NodeId | undefined => gateway.cluster.find(query.get('id') ?? '')
  const peer = (query: URLSearchParams): NodeId | string => {
    const id = member(query)
    return id === gateway.id ? `${id.name} is this node: what it sends to itself goes by no link` : (id ?? BAD_ID)
  }

  timed(['GET', 'POST'], '/crash', (faults, _query, seconds) => {
    faults.crash(seconds)
    return null
  })
  timed(['GET', 'POST'], '/drop', (faults, query, seconds) => {
    const id = member(query)
    if (!id) return BAD_ID
    faults.drop(id, seconds)
    return null
  })
  timed(['POST'], '/slow', (faults, query, seconds) => {
    const id = peer(query)
    if (typeof id === 'string') return id
    const text = query.get('ms') ?? ''
    if (!MILLISECONDS.test(text)) return 'invalid ms: a whole number of milliseconds, at most 9999999'
    faults.slow(id, Number(text), seconds)
    return null
  })
  timed(['POST'], '/flaky', (faults, query, seconds) => {
    const id = peer(query)
    if (typeof id === 'string') return id
    const text = query.get('p') ?? ''
    if (!CHANCE.test(text)) return 'invalid p: a chance from 0 to 1, such as 0.5'
    faults.flaky(id, Number(text), seconds)
    return null
  })
  timed(['POST'], '/partition', (faults, query, seconds) => {
    const side = sideOf(gateway.cluster.members, query.get('ids') ?? '')
    if (typeof side === 'string') return side
    faults.partition(side, seconds)
    return null
  })
  route(['POST'], '/heal', (faults, query) => {
    const [fault, id, ids] = ['fault', 'id', 'ids'].map((name) => query.get(name) ?? undefined)
    const name = FAULT_NAMES.find((known) => known === fault)
    if (fault !== undefined && !name) return { refusal: `invalid fault: one of ${FAULT_NAMES.join(', ')}` }
    if (id !== undefined && !member(query)) return { refusal: BAD_ID }
    const side = ids === undefined ? undefined : sideOf(gateway.cluster.members, ids)
    if (typeof side === 'string') return { refusal: side }
    const target = side?.map((one) => one.name).join(' ') ?? id
    const healed = faults.heal(name, target)
    return { text: healed.map((line) => `${line}\n`).join('') }
  })
}

/** One side of a partition, in the members' order; or the sentence that says why it is none. */
function sideOf(members: readonly NodeId[], text: string): NodeId[] | string {
  const names = new Set(text.split(','))
  const side = members.filter(({ name }) => names.delete(name))
  if (names.size > 0) return 'invalid ids: node ids with commas, such as 1.1,1.2'
  return side.length < members.length ? side : 'a partition needs nodes on both sides'
}
