/** `/kv/<key>`: reads, writes, deletes and compare-and-set of any key. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { get } from '../../command.ts'
import { textKeyOfTarget } from '../key.ts'
import { keyPresenters } from '../present.ts'
import { readPathOf } from '../read-path.ts'
import { writeOf } from '../write-headers.ts'
import type { Context } from './context.ts'
import { DELETE_TEXT, READ_TEXT, WRITE_TEXT } from './key-api.ts'

/** The methods of such a key, as `Allow` lists them. */
export const TEXT_KEY_METHODS = 'GET, HEAD, PUT, POST, DELETE'

/**
 * Adds the routes of text keys.
 * @param refuse answers a target that is no key
 */
export function addTextKeyRoutes(
  context: Context,
  refuse: (request: FastifyRequest, reply: FastifyReply) => void,
): void {
  const { app, gateway, responder } = context
  const present = keyPresenters(gateway.offers.compareAndSet)

  function read(request: FastifyRequest, reply: FastifyReply): void {
    const key = textKeyOfTarget(request.raw.url!)
    if (key === null) {
      refuse(request, reply)
      return
    }
    const path = readPathOf(request.raw.headers, gateway)
    if (typeof path === 'string') responder.submit(get(key), path, request.identity, reply.raw, present.read)
    else responder.sentence(reply.raw, path.status, path.reason)
  }

  function submit(request: FastifyRequest, reply: FastifyReply, key: string, value: Uint8Array | null): void {
    const command = writeOf(request.raw.headers, gateway.offers, key, value)
    if ('status' in command) responder.sentence(reply.raw, command.status, command.reason)
    else responder.submit(command, '', request.identity, reply.raw, present.write)
  }

  function write(request: FastifyRequest, reply: FastifyReply): void {
    const key = textKeyOfTarget(request.raw.url!)
    if (key === null) refuse(request, reply)
    else submit(request, reply, key, request.bytes)
  }

  function remove(request: FastifyRequest, reply: FastifyReply): void {
    const key = textKeyOfTarget(request.raw.url!)
    if (key === null) refuse(request, reply)
    else submit(request, reply, key, null)
  }

  app.route({ method: ['GET', 'HEAD'], url: '/kv/*', config: { api: READ_TEXT }, handler: read })
  app.route({ method: ['PUT', 'POST'], url: '/kv/*', config: { api: WRITE_TEXT }, handler: write })
  app.route({ method: 'DELETE', url: '/kv/*', config: { api: DELETE_TEXT }, handler: remove })
}
