/**
 * Fault injection. `/crash?t=S` and `/drop?id=ID&t=S` come by GET, as Paxi's `cmd` sends them, and by POST; the others
 * change a node too, and come by POST only: `/slow?id=&ms=&t=`, `/flaky?id=&p=&t=`, `/partition?t=&ids=`, `/heal`.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { NodeId } from '../../node-id.ts'
import { FAULT_NAMES, type Faults, type Gateway } from '../gateway.ts'
import type { Api } from './api.ts'
import { type Context, queryOf, strangeIn } from './context.ts'
import { CRASH, DROP, FLAKY, HEAL, PARTITION, SLOW } from './node-api.ts'

/** Whole seconds, as Go's `Atoi` reads them; nine digits are 31 years. */
const SECONDS = /^[+-]?[0-9]{1,9}$/
/** Below a day, so that it fits any timer. */
const MILLISECONDS = /^[0-9]{1,7}$/
const CHANCE = /^(?:0|1|0?\.[0-9]{1,15}|1\.0{1,15})$/

const BAD_TIME = 'invalide time'
const BAD_ID = 'invalid id'

const TEXT = 'text/plain; charset=utf-8'

const EITHER = ['GET', 'POST'] as const
const POST = ['POST'] as const

/** What a request asks for. */
interface Asked {
  readonly gateway: Gateway
  readonly faults: Faults
  readonly query: URLSearchParams
}

/** A sentence that says why a request is refused. */
type Refusal = string

/** What a route answers: a text, or why not. */
type Outcome = string | { readonly status?: 400 | 404; readonly refusal: Refusal }

/** Adds the fault routes. Without fault injection they answer 404. */
export function addFaultRoutes({ app, gateway, responder }: Context): void {
  /** `act` answers with a text, or gives its refusal. */
  function route(method: readonly ('GET' | 'POST')[], url: string, api: Api, act: (asked: Asked) => Outcome) {
    const handler = (request: FastifyRequest, reply: FastifyReply): void => {
      const { faults } = gateway
      if (!faults) {
        responder.sentence(reply.raw, 404, 'fault injection is off')
        return
      }
      const query = queryOf(request.raw.url)
      // A fault must not strike, or end, otherwise than was meant.
      const refusal = strangeIn(query, Object.keys(api.query ?? {}))
      const outcome = refusal === null ? act({ gateway, faults, query }) : { refusal }
      // What is empty has no type, as Paxi's answers to GET have none.
      const headers = outcome === '' ? [] : ['Content-Type', TEXT]
      if (typeof outcome === 'string') responder.text(reply.raw, 200, outcome, headers)
      else responder.sentence(reply.raw, outcome.status ?? 400, outcome.refusal)
    }
    app.route({ method: [...method], url, config: { api }, handler })
  }

  /** A fault that lasts for some time; `inject` gives its refusal, or null. */
  function timed(
    method: readonly ('GET' | 'POST')[],
    url: string,
    api: Api,
    inject: (asked: Asked, seconds: number) => Refusal | null,
  ): void {
    route(method, url, api, (asked) => {
      const text = asked.query.get('t') ?? ''
      const refusal = SECONDS.test(text) ? inject(asked, Number(text)) : BAD_TIME
      return refusal === null ? '' : { refusal }
    })
  }

  timed(EITHER, '/crash', CRASH, ({ faults }, seconds) => {
    faults.crash(seconds)
    return null
  })
  timed(EITHER, '/drop', DROP, drop)
  timed(POST, '/slow', SLOW, slow)
  timed(POST, '/flaky', FLAKY, flaky)
  timed(POST, '/partition', PARTITION, partition)
  route(POST, '/heal', HEAL, heal)
}

function drop({ gateway, faults, query }: Asked, seconds: number): Refusal | null {
  const id = gateway.cluster.find(query.get('id') ?? '')
  if (!id) return BAD_ID
  faults.drop(id, seconds)
  return null
}

function slow(asked: Asked, seconds: number): Refusal | null {
  const id = peerOf(asked)
  if (typeof id === 'string') return id
  const text = asked.query.get('ms') ?? ''
  if (!MILLISECONDS.test(text)) return 'invalid ms: a whole number of milliseconds, at most 9999999'
  asked.faults.slow(id, Number(text), seconds)
  return null
}

function flaky(asked: Asked, seconds: number): Refusal | null {
  const id = peerOf(asked)
  if (typeof id === 'string') return id
  const text = asked.query.get('p') ?? ''
  if (!CHANCE.test(text)) return 'invalid p: a chance from 0 to 1, such as 0.5'
  asked.faults.flaky(id, Number(text), seconds)
  return null
}

function partition({ gateway, faults, query }: Asked, seconds: number): Refusal | null {
  const side = sideOf(gateway.cluster.members, query.get('ids') ?? '')
  if (typeof side === 'string') return side
  faults.partition(side, seconds)
  return null
}

/** Those of one kind may be none; a single one that is named must be there. */
function heal({ gateway, faults, query }: Asked): Outcome {
  const [fault, id, ids] = ['fault', 'id', 'ids'].map((name) => query.get(name) ?? undefined)
  const name = FAULT_NAMES.find((known) => known === fault)
  if (fault !== undefined && !name) return { refusal: `invalid fault: one of ${FAULT_NAMES.join(', ')}` }
  if (id !== undefined && ids !== undefined) return { refusal: 'id names a link and ids a partition: give one of them' }
  const node = id === undefined ? undefined : gateway.cluster.find(id)
  if (id !== undefined && !node) return { refusal: BAD_ID }
  const side = ids === undefined ? undefined : sideOf(gateway.cluster.members, ids)
  if (typeof side === 'string') return { refusal: side }
  const target = side ?? node
  const healed = faults.heal(name, target)
  if (target && healed.length === 0) return { status: 404, refusal: 'no such fault is on' }
  return healed.map((line) => `${line}\n`).join('')
}

/** The node at the other end of the link that a request names. */
function peerOf({ gateway, query }: Asked): NodeId | Refusal {
  const id = gateway.cluster.find(query.get('id') ?? '')
  return id === gateway.id ? `${id.name} is this node: what it sends to itself goes by no link` : (id ?? BAD_ID)
}

/** One side of a partition, in the members' order; or the sentence that says why it is none. */
function sideOf(members: readonly NodeId[], text: string): NodeId[] | Refusal {
  const names = new Set(text.split(','))
  const side = members.filter(({ name }) => names.delete(name))
  if (names.size > 0) return 'invalid ids: node ids with commas, such as 1.1,1.2'
  return side.length < members.length ? side : 'a partition needs nodes on both sides'
}
