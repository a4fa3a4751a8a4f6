/** What a client sends on one connection without waiting for answers is done in that order, at any node of real servers. */
import { expect, test } from 'vitest'
import { RawClient } from '../../src/http/testing/raw-client.ts'
import { RealCluster } from './cluster.ts'

const THREE = ['1.1', '1.2', '1.3']

/** A request to a key, with the bytes of its body or the path of its read. */
const put = (key: string, value: string) =>
  `PUT /kv/${key} HTTP/1.1\r\nHost: x\r\nContent-Length: ${value.length}\r\n\r\n${value}`
const get = (key: string, path: string) =>
  `GET /kv/${key} HTTP/1.1\r\nHost: x\r\n${path === '' ? '' : `Read: ${path}\r\n`}\r\n`

/** Sends requests at once on a connection of their own; gives the bodies of their answers, which all must be 200 or 404. */
async function pipeline(cluster: RealCluster, id: string, requests: readonly string[]): Promise<string[]> {
  const client = new RawClient(cluster.httpPort(id))
  try {
    client.send(requests.join(''))
    const bodies = []
    for (const _ of requests) {
      const { status, body } = await client.response()
      expect(status).toBeOneOf([200, 404])
      bodies.push(body.toString())
    }
    return bodies
  } finally {
    client.close()
  }
}

test.each([
  ['paxos', ['log', 'leader', 'quorum', 'any']],
  ['abd', ['', 'log']],
])('with %s reads find the write before them, and not the one behind', async (algorithm, paths) => {
  const cluster = await RealCluster.create(THREE)
  await cluster.startAll('-algorithm', algorithm)
  for (const id of THREE) {
    for (const path of paths) {
      for (let time = 0; time < 10; time++) {
        const key = `${id}-${path}-${time}`
        const requests = [get(key, path), put(key, 'a'), put(key, 'b'), get(key, path), put(key, 'c'), get(key, '')]
        const answers = await pipeline(cluster, id, requests)
        expect([answers[0], answers[3], answers[5]], key).toEqual(['absent\n', 'b', 'c'])
      }
    }
  }
})
