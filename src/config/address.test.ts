/** Table tests of addresses: their parts, and which hosts only this machine can reach. */
import { expect, test } from 'vitest'
import { isLoopback, parseHttpAddress, parsePeerAddress, placeOf } from './address.ts'

test.each<[string, string, string, number]>([
  ['tcp://127.0.0.1:1735', 'tcp', '127.0.0.1', 1735],
  ['UDP://Example.org:1', 'udp', 'example.org', 1],
  ['chan://1.1', 'chan', '1.1', 0],
  ['chan://left', 'chan', 'left', 0],
  ['chan://left:7', 'chan', 'left', 7],
  ['node_1:65535', '', 'node_1', 65_535],
  ['tcp://[2001:DB8::1]:1735/', 'tcp', '2001:db8::1', 1735],
])('%s', (text, scheme, host, port) => {
  expect(parsePeerAddress(text)).toEqual({ scheme, host, port })
})

test('a client’s address has the scheme http and a port', () => {
  expect(parseHttpAddress('http://localhost:8080/')).toEqual({ scheme: 'http', host: 'localhost', port: 8080 })
  expect(() => parseHttpAddress('https://localhost:8080')).toThrow('has a scheme other than http://')
  for (const more of [
    'user@localhost:8080',
    'localhost:8080/x',
    'localhost:8080/?x',
    'localhost:8080?',
    'localhost:8080#',
  ])
    expect(() => parseHttpAddress(`http://${more}`), more).toThrow('is no address such as')
  expect(() => parseHttpAddress('http://localhost:080')).toThrow('has a port that is no number')
})

test.each<[string, boolean]>([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['LOCALHOST', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.0.0.1.example.org', false],
  ['localhost.example.org', false],
])('isLoopback(%s) is %s', (host, local) => {
  expect(isLoopback(host)).toBe(local)
})

test('all names of this machine are one place; its other addresses, ports and names of queues are others', () => {
  const placed = (text: string) => placeOf(parsePeerAddress(text))
  for (const text of ['udp://localhost:7', 'LOCALHOST.:7', 'tcp://[::1]:7']) {
    expect(placed(text), text).toBe(placed('tcp://127.0.0.1:7'))
  }
  for (const text of [
    'tcp://127.0.0.2:7',
    'tcp://localhost:8',
    'chan://localhost:7',
    'tcp://localhost.example.org:7',
  ]) {
    expect(placed(text), text).not.toBe(placed('tcp://127.0.0.1:7'))
  }
})
