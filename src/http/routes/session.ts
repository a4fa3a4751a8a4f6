/** `POST /session`: opens a session, in which writes are executed once however often they are tried. */
import { openSession } from '../../command.ts'
import { openedPresenter } from '../present.ts'
import type { Context } from './context.ts'
import { OPEN_SESSION } from './key-api.ts'

/** Adds the session route. */
export function addSessionRoute({ app, gateway, responder }: Context): void {
  app.route({
    method: 'POST',
    url: '/session',
    config: { api: OPEN_SESSION },
    handler: (request, reply) => {
      if (!gateway.offers.sessions) {
        responder.sentence(reply.raw, 501, 'this protocol has no sessions')
        return
      }
      const nonce = gateway.nonce()
      responder.submit(openSession(nonce), '', request.identity, reply.raw, openedPresenter(nonce))
    },
  })
}
