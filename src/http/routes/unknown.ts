/** What is no route: 405 with `Allow` where another method would do, 400 for every other path, as Paxi answers. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { keyOfTarget, textKeyOfTarget } from '../key.ts'
import type { Context } from './context.ts'
import { KEY_METHODS } from './keys.ts'
import { TEXT_KEY_METHODS } from './kv.ts'

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
    const allow = allowed(target, methods)
    if (allow === undefined) responder.sentence(reply.raw, 400, 'invalid path')
    else responder.sentence(reply.raw, 405, `only ${allow} here`, ['Allow', allow])
  }
  app.setNotFoundHandler(refuse)
  return refuse
}

/** The methods of a key, as `Allow` lists them; undefined where the target is none. */
export function methodsOfKey(target: string): string | undefined {
  if (keyOfTarget(target) !== null) return KEY_METHODS
  return textKeyOfTarget(target) === null ? undefined : TEXT_KEY_METHODS
}

/** The methods of a target, as `Allow` lists them; undefined where there is no such route. */
function allowed(target: string, methods: ReadonlyMap<string, readonly string[]>): string | undefined {
  return methodsOfKey(target) ?? methods.get(target.split('?', 1)[0] ?? '')?.join(', ')
}
