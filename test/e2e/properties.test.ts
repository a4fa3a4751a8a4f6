/** A protocol that asks for them is told the headers of its clients, also at the node to which a request was sent on. */
import { writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'

const THREE = ['1.1', '1.2', '1.3']

/** The first node answers all, with a header of the client and how many there were. */
const telling = (properties: string) => `
import { defineProtocol } from '${new URL('../../dist/src/index.js', import.meta.url)}'
export default defineProtocol({
  name: 'telling', paper: 'none', consistency: 'linearizable', sessions: 'none', compareAndSet: false, ${properties}
  options: () => ({}), progress: () => true,
  create(node) {
    const home = node.cluster.at(0)
    return {
      onStart() {},
      onRequest(request) {
        const { properties } = request
        const value = new TextEncoder().encode((properties.get('x-colour') ?? 'none') + ' of ' + properties.size)
        if (node.id !== home) node.forward(home, request)
        else node.reply(request, { value, version: 1, effect: 'done' }, null)
      },
      status: () => ({ ready: true, reason: '', leader: home, ballot: 0, executed: null }),
    }
  },
})
`

/** What a node answers a client that sends a header. */
function told(cluster: RealCluster, id: string): Promise<string> {
  const headers = { 'X-Colour': 'red', Id: 'me', Cid: '1', Connection: 'close' }
  return new Promise((resolve, reject) => {
    const request = get(`http://127.0.0.1:${cluster.httpPort(id)}/1`, { agent: false, headers }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += String(chunk)))
      response.on('end', () => resolve(body))
    })
    request.on('error', reject)
  })
}

test.each([
  ['properties: true,', 'red of 2'],
  ['', 'none of 0'],
])('declared with "%s" it is told %s', async (properties, expected) => {
  const plugin = join(temporaryDirectory(), 'telling.mjs')
  writeFileSync(plugin, telling(properties))
  const cluster = await RealCluster.create(THREE)
  await cluster.startAll('-algorithm', plugin)
  expect(await Promise.all(THREE.map((id) => told(cluster, id)))).toEqual(THREE.map(() => expected))
})
