/** `/history?key=K`: every value that a key has had on this node, for Paxi's `cmd consensus`. */
import { parseKey } from '../key.ts'
import { type Context, doubledIn, queryOf } from './context.ts'
import { HISTORY } from './node-api.ts'

/** The longest answer, which is as much as clients take of one. */
const MOST_BYTES = 2 ** 28

/** How much of an answer is made at a time, or one value where that is longer; of short ones no more than so many. */
const PIECE_BYTES = 2 ** 20
const PIECE_VALUES = 10_000

/** Adds the history route. Its `Id` names the node, unlike that of every other answer. */
export function addHistoryRoute({ app, gateway, responder }: Context): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/history',
    config: { api: HISTORY },
    handler: (request, { raw }) => {
      const query = queryOf(request.raw.url)
      const doubled = doubledIn(query)
      const key = doubled === null ? parseKey(query.get('key') ?? '') : null
      const headers = ['Id', gateway.id.name]
      if (key === null) {
        responder.sentence(raw, 400, doubled ?? 'invalide key', headers)
        return
      }
      const values = gateway.history(key)
      const bytes = values === null ? 0 : lengthOf(values)
      if (bytes > MOST_BYTES) {
        responder.sentence(raw, 413, `the history has ${bytes} bytes here; at most ${MOST_BYTES} are told`, headers)
        return
      }
      headers.push('Content-Type', 'text/plain; charset=utf-8')
      if (values === null) responder.text(raw, 200, 'null', headers)
      else responder.pieces(raw, 200, bytes, piecesOf(values), headers)
    },
  })
}

/** How long the JSON array of these values is, in base64: there four characters are three bytes. */
function lengthOf(values: readonly Uint8Array[]): number {
  const commas = Math.max(0, values.length - 1)
  return values.reduce((sum, { length }) => sum + Math.ceil(length / 3) * 4 + 2, 2 + commas)
}

function* piecesOf(values: readonly Uint8Array[]): Generator<string, void> {
  let piece = '['
  let comma = ''
  let count = 0
  for (const { buffer, byteOffset, length } of values) {
    piece += `${comma}"${Buffer.from(buffer, byteOffset, length).toString('base64')}"`
    comma = ','
    count += 1
    if (piece.length < PIECE_BYTES && count < PIECE_VALUES) continue
    yield piece
    piece = ''
    count = 0
  }
  yield `${piece}]`
}
