/** Limits and timeouts that contradict each other are one line that names the place. */
import { expect, test } from 'vitest'
import { parseConfig } from './parse.ts'

const NODES = { address: { '1.1': 'tcp://127.0.0.1:1735' }, http_address: { '1.1': 'http://127.0.0.1:8080' } }

test.each([
  [{ timeouts: { backoff_ms: 2000 } }, 'timeouts.backoff_ms: must be at most backoff_max_ms, which is 1000'],
  [
    { limits: { peer_bytes: 10 } },
    'limits.peer_bytes: must be more than body_bytes, which is 1048576, or the longest body cannot be sent',
  ],
  [
    { limits: { open_bytes: 10 } },
    'limits.open_bytes: must be at least body_bytes, which is 1048576, or the longest body finds no room',
  ],
])('%j', (more, line) => {
  const text = JSON.stringify({ ...NODES, ...more })
  expect(() => parseConfig(text, 'config.json')).toThrow(
    expect.objectContaining({ message: `config.json: ${line}`, code: 'config' }),
  )
})

test('have safe defaults', () => {
  expect(parseConfig(JSON.stringify(NODES), 'config.json').limits).toEqual({
    body_bytes: 2 ** 20,
    requests: 1024,
    open_bytes: 2 ** 26,
    inbox: 2 ** 16,
    inbox_bytes: 2 ** 27,
    unsynced_bytes: 2 ** 26,
    log_bytes: 2 ** 26,
    peer_bytes: 2 ** 26,
  })
})
