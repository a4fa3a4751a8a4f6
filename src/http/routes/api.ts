/**
 * What a route says of itself. A route carries it in its `config`, where Fastify neither validates nor serialises by it, so
 * that describing a route costs its requests nothing; `/docs` makes OpenAPI of it.
 */
import type { FastifySchema } from 'fastify'

/** A parameter, a query field or a header. */
export interface Field {
  readonly description: string
  readonly example: string
  readonly required?: boolean
}

export type Fields = Readonly<Record<string, Field>>

/** One answer of a route, or the body of its requests. */
export interface Content {
  readonly description: string
  /** The media type; left out where the body is empty. */
  readonly type?: string
  readonly example?: unknown
  readonly headers?: Fields
}

/** What a route takes and gives. */
export interface Api {
  readonly tag: 'keys' | 'sessions' | 'node' | 'faults'
  readonly summary: string
  /** How the path is written, where it is not as the router has it. */
  readonly path?: string
  readonly params?: Fields
  readonly query?: Fields
  readonly headers?: Fields
  readonly body?: Content
  /** Its answers, beside those that any request can get. */
  readonly answers: Readonly<Record<number, Content>>
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route says of itself; every route has it, but those of `/docs`. */
    api?: Api
  }
}

/** An answer of text. */
export function text(description: string, example: string, headers?: Fields): Content {
  return { description, type: 'text/plain', example, ...(headers ? { headers } : {}) }
}

/** An answer of JSON. */
export function json(description: string, example: unknown, headers?: Fields): Content {
  return { description, type: 'application/json', example, ...(headers ? { headers } : {}) }
}

/** A refusal: one sentence. */
export function sentence(description: string, example: string, headers?: Fields): Content {
  return text(description, `${example}\n`, headers)
}

/**
 * What any request can be answered with, whatever its route. A route that has more to say of one says it itself; the headers
 * here are its own, too.
 */
const EVERYWHERE: Api['answers'] = {
  400: sentence('the path, a header or the body is wrong; nothing was applied', 'invalid path'),
  405: text('the path has no such method', 'only POST here\n', {
    Allow: { description: 'those that it has', example: 'POST' },
  }),
  408: sentence('the request took too long to arrive; nothing was applied', 'the request took too long to arrive'),
  413: sentence('the body is too long; nothing was applied', 'the body is longer than 1048576 bytes'),
  417: sentence('an expectation that is not known; nothing was applied', 'only 100-continue is expected here'),
  431: sentence('the headers are over 16 KiB, or more than a hundred', 'more than 100 headers'),
  500: sentence('a defect: nobody knows whether it was applied', 'an error inside the node'),
  503: sentence('certainly not applied: no room for the body, or closing', 'this node is shutting down', {
    'Retry-After': { description: 'in how many seconds there may be room, where there was none', example: '1' },
  }),
}

/** A route's description as @fastify/swagger reads it. */
export function schemaOf({ tag, summary, params, query, headers, body, answers }: Api): FastifySchema {
  const entries = Object.entries({ ...EVERYWHERE, ...answers }).map(([status, answer]) => {
    const headers = { ...EVERYWHERE[Number(status)]?.headers, ...answer.headers }
    return [status, contentOf({ ...answer, headers })]
  })
  return {
    tags: [tag],
    summary,
    ...(params ? { params: objectOf(params) } : {}),
    ...(query ? { querystring: objectOf(query) } : {}),
    ...(headers ? { headers: objectOf(headers) } : {}),
    ...(body ? bodyOf(body) : {}),
    response: Object.fromEntries(entries),
  }
}

function objectOf(fields: Fields): object {
  const required = Object.keys(fields).filter((name) => fields[name]?.required)
  return { type: 'object', properties: propertiesOf(fields), required }
}

function propertiesOf(fields: Fields): object {
  const entries = Object.entries(fields).map(([name, { description, example }]) => [
    name,
    { type: 'string', description, examples: [example] },
  ])
  return Object.fromEntries(entries)
}

function bodyOf({ description, type, example }: Content): object {
  return { consumes: [type], body: { type: typeOf(example), description, examples: [example] } }
}

function typeOf(example: unknown): string {
  return typeof example === 'string' ? 'string' : 'object'
}

function contentOf({ description, type, example, headers = {} }: Content): object {
  const more = Object.keys(headers).length > 0 ? { description, headers: propertiesOf(headers) } : { description }
  if (type === undefined) return { ...more, type: 'null' }
  return { ...more, content: { [type]: { schema: { type: typeOf(example) }, example } } }
}
