/** Requests that cannot leave for another node keep their place before those that come later. */
import { expect, it } from 'vitest'
import { Wired } from '../test/support/wired.ts'
import { get } from './command.ts'

it('what comes while others wait for a node that is gone goes behind them, also to another node', () => {
  const wired = new Wired(['1.1', '1.2', '1.3'], { node: { requestTimeoutMs: 1000 } })
  for (const bench of wired.benches) bench.start()
  type Bench = (typeof wired.benches)[0]
  const [origin, gone, next] = wired.benches as [Bench, Bench, Bench]
  origin.reaches = (peer) => peer !== gone.node.id
  let leader = gone.node.id
  origin.probe.onRequestDo = (request) => origin.node.forward(leader, request)
  const submit = (key: string) => origin.node.submit(get(key), '', () => {})
  submit('a')
  wired.settle()
  submit('b')
  wired.settle()
  leader = next.node.id
  submit('c')
  wired.settle()
  expect(next.probe.requests).toEqual([])
  wired.pass(100)
  submit('d')
  wired.settle()
  expect(next.probe.requests.map(({ command }) => command.key)).toEqual(['a', 'b', 'c', 'd'])
})

it('reads beside the log do not wait for those', () => {
  const wired = new Wired(['1.1', '1.2', '1.3'])
  for (const bench of wired.benches) bench.start()
  const origin = wired.benches[0]!
  origin.reaches = () => false
  origin.probe.onRequestDo = (request) => {
    if (request.read === '') origin.node.forward(origin.peer('1.2'), request)
    else origin.node.reply(request, { value: null, version: 0, effect: 'done' }, null)
  }
  let answers = 0
  for (const read of ['', 'any', 'quorum'] as const) {
    origin.node.submit(get('k'), read, () => (answers += 1))
    wired.settle()
  }
  expect(answers).toBe(2)
})
