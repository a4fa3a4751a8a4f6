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
export function json(description: string, example: unknown): Content {
  return { description, type: 'application/json', example }
}

/** A refusal: one sentence. */
export function sentence(description: string, example: string): Content {
  return text(description, `${example}\n`)
}

/** A route's description as @fastify/swagger reads it. */
export function schemaOf({ tag, summary, params, query, headers, body, answers }: Api): FastifySchema {
  const entries = Object.entries(answers).map(([status, answer]) => [status, contentOf(answer)])
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

function contentOf({ description, type, example, headers }: Content): object {
  const more = headers ? { description, headers: propertiesOf(headers) } : { description }
  if (type === undefined) return { ...more, type: 'null' }
  return { ...more, content: { [type]: { schema: { type: typeOf(example) }, example } } }
}
