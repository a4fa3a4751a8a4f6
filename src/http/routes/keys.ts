/** Reads and writes of integer keys: `/<int>` with a raw body, and `POST /` with a JSON one. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Command, get, Op, put } from '../../command.ts'
import { SynodError } from '../../errors.ts'
import { type JsonCommand, parseJsonCommand } from '../json-command.ts'
import { keyOfTarget } from '../key.ts'
import { keyPresenters } from '../present.ts'
import { readPathOf } from '../read-path.ts'
import { sentenceOf } from '../responder.ts'
import { isPlain, writeOf } from '../write-headers.ts'
import type { Context } from './context.ts'
import { JSON_COMMAND, READ_INTEGER, WRITE_INTEGER } from './key-api.ts'

/** The methods of a key, as `Allow` lists them. */
export const KEY_METHODS = 'GET, HEAD, PUT, POST'

/**
 * Adds the key routes.
 * @param refuse answers a target that is no key
 */
export function addKeyRoutes(context: Context, refuse: (request: FastifyRequest, reply: FastifyReply) => void): void {
  const { app, gateway, responder } = context
  const conditional = keyPresenters(gateway.offers.compareAndSet).write

  /** Submits a write, with what its headers ask for. */
  function submitWrite(request: FastifyRequest, reply: FastifyReply, write: Command): void {
    const { headers } = request.raw
    if (isPlain(headers)) {
      responder.submit(write, '', request.identity, reply.raw)
      return
    }
    const command = writeOf(headers, gateway.offers, write.key, write.value)
    if ('status' in command) responder.sentence(reply.raw, command.status, command.reason)
    else responder.submit(command, '', request.identity, reply.raw, conditional)
  }

  function submitRead(request: FastifyRequest, reply: FastifyReply, command: Command): void {
    const path = readPathOf(request.raw.headers, gateway)
    if (typeof path === 'string') responder.submit(command, path, request.identity, reply.raw)
    else responder.sentence(reply.raw, path.status, path.reason)
  }

  function read(request: FastifyRequest, reply: FastifyReply): void {
    const key = keyOfTarget(request.raw.url!)
    if (key === null) refuse(request, reply)
    else submitRead(request, reply, get(key))
  }

  function write(request: FastifyRequest, reply: FastifyReply): void {
    const key = keyOfTarget(request.raw.url!)
    if (key === null) refuse(request, reply)
    else submitWrite(request, reply, put(key, request.bytes))
  }

  function readOrWriteJson(request: FastifyRequest, reply: FastifyReply): void {
    let parsed: JsonCommand
    try {
      parsed = parseJsonCommand(request.bytes)
    } catch (error) {
      responder.sentence(reply.raw, error instanceof SynodError ? 400 : 500, sentenceOf(error))
      return
    }
    const { identity } = request
    if (parsed.clientId !== null) identity.clientId = parsed.clientId
    if (parsed.commandId !== null) identity.commandId = parsed.commandId
    if (parsed.command.op === Op.put) submitWrite(request, reply, parsed.command)
    else submitRead(request, reply, parsed.command)
  }

  app.route({ method: ['GET', 'HEAD'], url: '/:key', config: { api: READ_INTEGER }, handler: read })
  app.route({ method: ['PUT', 'POST'], url: '/:key', config: { api: WRITE_INTEGER }, handler: write })
  app.route({ method: 'POST', url: '/', config: { api: JSON_COMMAND }, handler: readOrWriteJson })
}
