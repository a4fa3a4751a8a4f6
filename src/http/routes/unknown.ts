/** What is no route: 405 with `Allow` where another method would do, 400 for every other path, as Paxi answers. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { keyOfTarget } from '../key.ts'
import type { Context } from './context.ts'
import { KEY_METHODS } from './keys.ts'

/**
 * Answers what no route takes. To be called before routes are added, since it notes their methods.
 * @returns the handler, for routes that find a target is not theirs
 */
export function addUnknownRoute({ app, responder }: Context): (request: FastifyRequest, reply: FastifyReply) => void {
  const methods = new Map<string, string[]>()
  app.addHook('onRoute', ({ url, method }) => {
    methods.set(url, (methods.get(url) ?? []).concat(method))
  })

  const refuse = (request: FastifyRequest, reply: FastifyReply): void => {
    const target = request.raw.url ?? ''
    const allow = keyOfTarget(target) === null ? methods.get(target.split('?', 1)[0] ?? '')?.join(', ') : KEY_METHODS
    if (allow === undefined) responder.sentence(reply.raw, 400, 'invalid path')
    else responder.sentence(reply.raw, 405, `only ${allow} here`, ['Allow', allow])
  }
  app.setNotFoundHandler(refuse)
  return refuse
}
