/** Which urls of nodes a client takes. Nothing is connected. */
import { describe, expect, it } from 'vitest'
import { Connections } from './connections.ts'
import { Client, KeyValueClient } from './index.ts'

/** Whoever connects to nodes by their urls. */
const MAKERS: readonly [string, (url: string) => { close(): Promise<void> }][] = [
  ['Client', (url) => new Client({ nodes: { '1.1': url } })],
  ['KeyValueClient', (url) => new KeyValueClient({ nodes: { '1.1': url } })],
  ['Connections', (url) => new Connections({ '1.1': url }, { connections: 1 })],
]

describe.each(MAKERS)('%s', (_name, make) => {
  it.each(['http://127.0.0.1:1', 'http://127.0.0.1:1/', 'HTTPS://Example.org', 'http://[::1]:8080/'])(
    'takes %s',
    async (url) => {
      await make(url).close()
    },
  )

  it.each([
    ['/x', 'a path'],
    ['/x/', 'a path with a slash behind it'],
    ['/?a=1', 'a query'],
    ['?', 'an empty query'],
    ['#x', 'a fragment'],
  ])('refuses %s behind the port: %s would be dropped', (rest) => {
    const message = 'the url of node 1.1 must be http://127.0.0.1:1, without path, query or credentials'
    expect(() => make(`http://127.0.0.1:1${rest}`)).toThrow(expect.objectContaining({ code: 'config', message }))
  })

  it('refuses credentials, and does not repeat them', () => {
    const message = 'the url of node 1.1 must be http://127.0.0.1:1, without path, query or credentials'
    for (const who of ['user', 'user:secret', ':secret'])
      expect(() => make(`http://${who}@127.0.0.1:1`)).toThrow(expect.objectContaining({ code: 'config', message }))
  })

  it.each(['127.0.0.1:1', 'ftp://127.0.0.1:1', '', 'http://'])('refuses %j, which is no url of a node', (url) => {
    const message = `the url of node 1.1, ${JSON.stringify(url)}, is not http or https`
    expect(() => make(url)).toThrow(expect.objectContaining({ code: 'config', message }))
  })
})
