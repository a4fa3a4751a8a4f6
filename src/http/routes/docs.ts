/** `/docs`: OpenAPI of all routes, made from what they say of themselves, as a page, JSON and YAML. */
import swagger from '@fastify/swagger'
import { PATHS, type Page, Pages } from '../pages.ts'
import { sentenceOf } from '../responder.ts'
import { schemaOf } from './api.ts'
import type { Context } from './context.ts'

const DESCRIPTION =
  'A replicated key-value store. Errors are a sentence as text. HEAD answers as GET does. ' +
  'Another method on a known path gets 405 with Allow.'

/** Adds the documentation; routes that are to be in it must be registered later. */
export function addDocsRoutes({ app, responder }: Context): void {
  void app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Synod', description: DESCRIPTION, version: '1' } },
    transform: ({ schema, url, route }) => {
      const api = route.config?.api
      return api ? { schema: schemaOf(api), url: api.path ?? url } : { schema, url }
    },
  })
  let pages: Pages | null = null
  for (const url of PATHS) {
    app.route({
      method: ['GET', 'HEAD'],
      url,
      handler: (_request, { raw }) => {
        const give = ({ status, headers, body }: Page) => responder.text(raw, status, body, [...headers])
        pages ??= new Pages(app.swagger())
        const page = pages.at(url)
        if (page instanceof Promise)
          page.then(give, (error: unknown) => responder.sentence(raw, 500, sentenceOf(error)))
        else give(page)
      },
    })
  }
}
