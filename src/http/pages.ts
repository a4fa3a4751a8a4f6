/**
 * The pages of `/docs`, as the library that makes them would answer: it is asked for each once, when somebody wants it, and
 * from then on that is bytes in memory. Were it to answer every request, it would write the description anew for each, and
 * open a file, which stays open for ever where the answer waits behind others when its client goes away.
 */
import swagger, { type StaticDocumentSpec } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyInstance } from 'fastify'

/** An answer that is always the same. */
export interface Page {
  readonly status: number
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Uint8Array
}

/** Everything comes from here, and nobody may put the page into a frame: it can inject faults. */
const POLICY = {
  'default-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'style-src': ["'self'", "'unsafe-inline'"],
  'object-src': ["'none'"],
  'frame-ancestors': ["'none'"],
}

/** What is told of the library's headers; the others speak of its files. */
const TOLD = ['Content-Type', 'Content-Security-Policy', 'Location']

/** What the library has below `/docs/static/`. */
const FILES = [
  ...['', 'index.html', 'index.css', 'favicon-16x16.png', 'favicon-32x32.png', 'logo.svg', 'csp.json'],
  ...['swagger-initializer.js', 'swagger-ui-bundle.js', 'swagger-ui-standalone-preset.js'],
  ...['swagger-ui.css', 'swagger-ui.js', 'oauth2-redirect.html', 'oauth2-redirect.js'],
]

/** Where the pages are. */
export const PATHS: readonly string[] = [
  ...['/docs', '/docs/', '/docs/json', '/docs/yaml'],
  ...FILES.map((name) => `/docs/static/${name}`),
]

/** See the file's head. One per server. */
export class Pages {
  readonly #app = Fastify()
  readonly #pages = new Map<string, Page | Promise<Page>>()

  /** @param openApi what they describe */
  constructor(openApi: ReturnType<FastifyInstance['swagger']>) {
    // The library's types take no OpenAPI 3.1 here, though the library does.
    const document = openApi as StaticDocumentSpec['document']
    void this.#app.register(swagger, { mode: 'static', specification: { document } })
    // The default asks a server elsewhere whether the document is valid.
    const uiConfig = { validatorUrl: null }
    void this.#app.register(swaggerUi, { routePrefix: '/docs', staticCSP: POLICY, uiConfig })
  }

  /** The page of one of `PATHS`: a promise for those who ask before it is there. */
  at(path: string): Page | Promise<Page> {
    let page = this.#pages.get(path)
    if (!page) {
      page = this.#make(path)
      this.#pages.set(path, page)
    }
    return page
  }

  async #make(path: string): Promise<Page> {
    try {
      const { statusCode: status, headers: made, rawPayload: body } = await this.#app.inject(path)
      const headers = TOLD.flatMap((name) => {
        const value = made[name.toLowerCase()]
        return value === undefined ? [] : [name, String(value)]
      })
      const page = { status, headers: [...headers, 'X-Content-Type-Options', 'nosniff'], body }
      this.#pages.set(path, page)
      return page
    } catch (error) {
      // The next one tries again.
      this.#pages.delete(path)
      throw error
    }
  }
}
