/** A request at a node that cannot serve it goes to the one that can, is executed once, and has an honest answer. */
import { describe, expect, it } from 'vitest'
import { contentOf, startedBench, type Write } from '../test/support/bench.ts'
import { Wired } from '../test/support/wired.ts'
import { get, put } from './command.ts'
import { Answer, FORWARD_NUMBER, Forward } from './node-messages.ts'
import { type Outcome, READ_MODES, type ReadMode, type Request } from './request.ts'

const DONE = { value: Uint8Array.of(7, 8), version: 5, effect: 'done' as const }

/** An origin that forwards all and a target that does as told. */
function pair(options: { maxRequests?: number } = {}) {
  const node = { requestTimeoutMs: 1000, ...options }
  const wired = new Wired(['1.1', '1.2', '1.3'], { node })
  for (const bench of wired.benches) bench.start()
  const [origin, target] = wired.benches as [(typeof wired.benches)[0], (typeof wired.benches)[0]]
  origin.probe.onRequestDo = (request) => origin.node.forward(target.node.id, request)
  const outcomes: Outcome[] = []
  const submit = (read: ReadMode = '') =>
    origin.node.submit(put('k', Uint8Array.of(1, 2)), read, (o) => outcomes.push(o))
  return { wired, origin, target, outcomes, submit }
}

const carries =
  (name: string) =>
  ({ frames }: Write) =>
    frames.some((frame) => contentOf(frame).name === name)
const codes = (outcomes: readonly Outcome[]) => outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.code))

describe('forwarding', () => {
  it('has the number on the wire by which transports know it', () => {
    expect(pair().origin.node.messages.of(Forward).number).toBe(FORWARD_NUMBER)
  })

  it.each(READ_MODES)('carries the command and the read mode %j there, and the answer back', (read) => {
    const { wired, target, outcomes, submit } = pair()
    target.probe.onRequestDo = (request) => target.node.reply(request, DONE, { slot: 3, ballot: 4097 })
    submit(read)
    wired.settle()
    const [request] = target.probe.requests
    expect(request).toMatchObject({ forwarded: true, read })
    expect({ ...request!.command }).toEqual({ op: 2, key: 'k', value: Uint8Array.of(1, 2) })
    expect(outcomes).toEqual([{ ok: true, result: DONE, position: { slot: 3, ballot: 4097 } }])
  })

  it('carries what the client has told besides, and costs nothing where that is nothing', () => {
    const { wired, origin, target } = pair()
    const lengths: number[] = []
    wired.times = (write) => {
      if (carries('Forward')(write)) lengths.push(...write.frames.map(({ length }) => length))
      return 1
    }
    const told = new Map([
      ['x-colour', 'r\xe9d'],
      ['', ''],
    ])
    for (const properties of [told, new Map<string, string>()]) {
      origin.node.submit(get('k'), '', () => {}, properties)
      wired.settle()
    }
    origin.node.submit(get('k'), '', () => {})
    wired.settle()
    expect(target.probe.requests.map(({ properties }) => properties)).toEqual([told, new Map(), new Map()])
    // Each string has a tag and a length before it, and so has each property.
    expect(lengths).toEqual([lengths[1]! + (2 + (2 + 8) + (2 + 4)) + (2 + 2 + 2), lengths[1], lengths[1]])
  })

  it.each([
    { value: null, version: 0, effect: 'done' as const },
    { value: null, version: 3, effect: 'absent' as const },
    { value: Uint8Array.of(1), version: 4, effect: 'mismatch' as const },
    { value: new Uint8Array(0), version: 1, effect: 'done' as const },
  ])('tells an absent value from an empty one, and what became of it: $value, $effect', (result) => {
    const { wired, target, outcomes, submit } = pair()
    target.probe.onRequestDo = (request) => target.node.reply(request, result, null)
    submit()
    wired.settle()
    expect(outcomes).toEqual([{ ok: true, result, position: null }])
  })

  it.each(['unavailable', 'overloaded', 'unknown', 'unsupported', 'internal', 'expired', 'conflict'] as const)(
    'carries the refusal %s back',
    (code) => {
      const { wired, target, outcomes, submit } = pair()
      target.probe.onRequestDo = (request) => target.node.refuse(request, code, 'because')
      submit()
      wired.settle()
      expect(outcomes).toEqual([{ ok: false, code, reason: 'because' }])
    },
  )

  it('to itself works as to another', () => {
    const { wired, origin, outcomes, submit } = pair()
    origin.probe.onRequestDo = (request) => {
      if (request.forwarded) origin.node.reply(request, DONE, null)
      else origin.node.forward(origin.node.id, request)
    }
    submit()
    wired.settle()
    expect(codes(outcomes)).toEqual(['ok'])
  })

  it('of a request that was forwarded already is a defect of the protocol', () => {
    const { wired, target, submit } = pair()
    target.probe.onRequestDo = (request) => target.node.forward(wired.cluster.at(2), request)
    submit()
    wired.settle()
    expect(target.failures).toMatchObject([{ code: 'internal' }])
    expect(wired.benches[2]!.probe.requests).toEqual([])
  })

  it('does not send on a request that is taken or answered', () => {
    const { wired, origin, target, outcomes, submit } = pair()
    origin.probe.onRequestDo = (request) => {
      origin.node.refuse(request, 'unavailable', 'no')
      origin.node.forward(target.node.id, request)
    }
    submit()
    wired.settle()
    expect([target.probe.requests, codes(outcomes)]).toEqual([[], ['unavailable']])
  })

  it('leaves the target less time than the origin has, so that a refusal is back in time', () => {
    const { wired, origin, target, outcomes, submit } = pair()
    submit()
    wired.settle()
    expect(target.probe.requests[0]!.deadline).toBeLessThan(origin.probe.requests[0]!.deadline)
    wired.pass(960)
    expect(codes(outcomes)).toEqual(['unavailable'])
    expect(target.probe.requests[0]!.take()).toBe(false)
  })
})

describe('a frame that arrives twice', () => {
  it('is one request and one answer', () => {
    const { wired, target, outcomes, submit } = pair()
    wired.times = () => 2
    target.probe.onRequestDo = (request) => target.node.reply(request, DONE, null)
    for (let i = 0; i < 5; i++) submit()
    wired.settle()
    expect(target.probe.requests).toHaveLength(5)
    expect(codes(outcomes)).toEqual(Array(5).fill('ok'))
  })

  it('also once the request is answered, and long after', () => {
    const { wired, target, submit } = pair()
    const copies: Write[] = []
    wired.times = (write) => {
      if (carries('Forward')(write)) copies.push(write)
      return 1
    }
    target.probe.onRequestDo = (request) => target.node.reply(request, DONE, null)
    submit()
    wired.settle()
    wired.pass(5000)
    for (const frame of copies[0]!.frames) target.node.receive(wired.cluster.at(0), frame)
    wired.settle()
    expect(target.probe.requests).toHaveLength(1)
  })
})

describe('what gets lost', () => {
  it('an answer: the outcome is unknown', () => {
    const { wired, target, outcomes, submit } = pair()
    wired.times = (write) => (carries('Answer')(write) ? 0 : 1)
    target.probe.onRequestDo = (request) => target.node.reply(request, DONE, null)
    submit()
    wired.pass(990)
    expect(outcomes).toEqual([])
    wired.pass(80)
    expect(codes(outcomes)).toEqual(['unknown'])
    expect(target.probe.requests).toHaveLength(1)
  })

  it('a request: unknown as well, for the origin cannot tell', () => {
    const { wired, outcomes, submit } = pair()
    wired.times = () => 0
    submit()
    wired.pass(1100)
    expect(codes(outcomes)).toEqual(['unknown'])
  })

  it('a target that took the request and does not answer in time says unknown itself', () => {
    const { wired, target, outcomes, submit } = pair()
    target.probe.onRequestDo = (request) => request.take()
    submit()
    wired.pass(960)
    expect(codes(outcomes)).toEqual(['unknown'])
  })
})

describe('a target that is not heard any more', () => {
  it('leaves its requests unknown at once, but for answers that have come, and late ones change nothing', () => {
    const { wired, origin, target, outcomes, submit } = pair()
    const open: Request[] = []
    target.probe.onRequestDo = (request) => void open.push(request)
    submit()
    submit()
    wired.settle()
    target.node.reply(open[0]!, DONE, null)
    wired.clock.settle()
    for (const { frames } of target.writes.splice(0)) {
      for (const frame of frames) origin.node.receive(target.node.id, frame.slice())
    }
    origin.lose(wired.cluster.find('1.3')!)
    origin.lose(target.node.id)
    wired.settle()
    expect(codes(outcomes)).toEqual(['ok', 'unknown'])
    target.node.reply(open[1]!, DONE, null)
    wired.settle()
    expect(outcomes).toHaveLength(2)
  })

  it('is not mistaken for another', () => {
    const { wired, origin, target, outcomes, submit } = pair()
    target.probe.onRequestDo = () => {}
    submit()
    wired.settle()
    origin.lose(wired.cluster.find('1.3')!)
    wired.settle()
    expect(outcomes).toEqual([])
  })
})

describe('a target that what is sent cannot leave for', () => {
  it('makes a definite refusal at the deadline, and is asked again until then', () => {
    const { wired, origin, target, outcomes, submit } = pair()
    let tries = 0
    origin.reaches = (peer) => peer !== target.node.id || tries++ < 0
    submit()
    wired.pass(960)
    expect([outcomes, tries > 10]).toEqual([[], true])
    expect(origin.probe.requests[0]!.state).toBe('waiting')
    wired.pass(100)
    expect(codes(outcomes)).toEqual(['unavailable'])
    const triedBy = tries
    wired.pass(1000)
    expect([tries, target.probe.requests]).toEqual([triedBy, []])
  })

  it('gets the request once as soon as it can', () => {
    const { wired, origin, target, outcomes, submit } = pair()
    origin.reaches = () => wired.clock.time > due
    const due = wired.clock.time + 400
    target.probe.onRequestDo = (request) => target.node.reply(request, DONE, null)
    for (let i = 0; i < 3; i++) submit()
    wired.pass(300)
    expect(outcomes).toEqual([])
    wired.pass(200)
    expect([codes(outcomes), target.probe.requests.length]).toEqual([['ok', 'ok', 'ok'], 3])
  })

  it('does not hold a request that its replica finds another node for', () => {
    const { wired, origin, target, outcomes, submit } = pair()
    const other = wired.benches[2]!
    origin.reaches = (peer) => peer !== target.node.id
    other.probe.onRequestDo = (request) => other.node.reply(request, DONE, null)
    submit()
    wired.settle()
    origin.probe.onRequestDo = (request) => origin.node.forward(other.node.id, request)
    wired.pass(60)
    expect([codes(outcomes), target.probe.requests]).toEqual([['ok'], []])
  })

  it('leaves alone what has left before: that is asked for once, and its outcome is unknown', () => {
    const { wired, origin, target, outcomes, submit } = pair()
    target.probe.onRequestDo = (request) => request.take()
    submit()
    wired.settle()
    origin.reaches = () => false
    submit()
    wired.pass(1100)
    expect([codes(outcomes), target.probe.requests.length]).toEqual([['unknown', 'unavailable'], 1])
  })

  it('changes nothing for a request that is answered meanwhile', () => {
    const { wired, origin, target, outcomes, submit } = pair()
    origin.reaches = () => false
    submit()
    wired.settle()
    origin.node.refuse(origin.probe.requests[0]!, 'unavailable', 'no')
    origin.reaches = () => true
    wired.pass(100)
    expect([codes(outcomes), target.probe.requests]).toEqual([['unavailable'], []])
  })
})

describe('a target with too many requests', () => {
  /** A peer that forwards more than it may have open. */
  const crowd = (target: ReturnType<typeof pair>['target'], count: number) => {
    for (let id = 1; id <= count; id++)
      target.hear('1.3', Forward, { life: 1, id, command: get('own'), read: 0, timeoutMs: 900, properties: [] })
  }

  it('refuses definitely, and does not show the request to its replica', () => {
    const { wired, target, outcomes, submit } = pair({ maxRequests: 3 })
    crowd(target, 6)
    wired.settle()
    submit()
    wired.settle()
    expect(codes(outcomes)).toEqual(['overloaded'])
    expect(target.probe.requests.map(({ command }) => command.key)).toEqual(Array(6).fill('own'))
  })

  it('has room for what others forward however many its own clients have', () => {
    const { wired, target, submit } = pair({ maxRequests: 3 })
    for (let i = 0; i < 3; i++) target.node.submit(get('own'), '', () => {})
    submit()
    wired.settle()
    expect(target.node.load.room).toBe(0)
    expect(target.probe.requests.map(({ forwarded }) => forwarded)).toEqual([false, false, false, true])
  })
})

describe('what an absurd peer sends', () => {
  const answer = {
    life: 1,
    id: 1,
    code: 0,
    reason: '',
    absent: true,
    value: new Uint8Array(0),
    version: 0,
    slot: 0,
    ballot: 0,
  }

  it('answers that nobody asked for change nothing', () => {
    const { wired, origin, outcomes, submit } = pair()
    submit()
    wired.settle()
    for (const life of [0, 1, Number.MAX_SAFE_INTEGER]) origin.hear('1.2', Answer, { ...answer, life })
    wired.settle()
    expect(outcomes).toEqual([])
  })

  it('only the target may answer, and a code that there is not means unknown', () => {
    const { wired, origin, outcomes, submit } = pair()
    let sent: Readonly<Record<string, unknown>> = {}
    wired.times = ({ frames }) => {
      sent = contentOf(frames[0]!).values
      return 0
    }
    submit()
    wired.settle()
    const { life, id } = sent as { life: number; id: number }
    origin.hear('1.3', Answer, { ...answer, life, id })
    wired.settle()
    expect(outcomes).toEqual([])
    origin.hear('1.2', Answer, { ...answer, life, id, code: 99, reason: 'strange' })
    wired.settle()
    expect(outcomes).toEqual([{ ok: false, code: 'unknown', reason: 'strange' }])
  })

  it('a request is not kept open for longer than one’s own', () => {
    const bench = startedBench({ node: { requestTimeoutMs: 1000 } })
    bench.hear('1.2', Forward, { life: 5, id: 1, command: get('k'), read: 0, timeoutMs: 2 ** 32 - 1, properties: [] })
    bench.clock.settle()
    expect(bench.probe.requests[0]!.deadline).toBeLessThanOrEqual(bench.clock.time + 1000)
  })

  it('one peer’s ids do not use up another’s of the same life', () => {
    const bench = startedBench()
    for (const from of ['1.2', '1.3', '1.2'])
      bench.hear(from, Forward, { life: 5, id: 1, command: get('k'), read: 0, timeoutMs: 100, properties: [] })
    bench.clock.settle()
    expect(bench.probe.requests).toHaveLength(2)
  })

  it('a read mode that there is not is an ordinary read', () => {
    const bench = startedBench()
    bench.hear('1.2', Forward, { life: 5, id: 1, command: get('k'), read: 77, timeoutMs: 100, properties: [] })
    bench.clock.settle()
    expect(bench.probe.requests[0]).toMatchObject({ read: '', forwarded: true })
  })
})

describe('with a disk', () => {
  it('an answer to another node waits for the sync; a refusal does not', () => {
    const bench = startedBench({ durable: true })
    for (const id of [1, 2])
      bench.hear('1.2', Forward, { life: 5, id, command: get('k'), read: 0, timeoutMs: 100, properties: [] })
    bench.probe.onTurnEndDo = () => {
      const [slow, fast] = bench.probe.requests.splice(0)
      if (!slow || !fast) return
      bench.node.persist(bench.noted, { n: 1 })
      bench.node.reply(slow, DONE, null)
      bench.node.refuse(fast, 'unavailable', '')
    }
    bench.clock.settle()
    const ids = () => bench.writes.splice(0).flatMap(({ frames }) => frames.map((frame) => contentOf(frame).values.id))
    expect(ids()).toEqual([2])
    bench.disk.finish()
    bench.clock.settle()
    expect(ids()).toEqual([1])
  })
})
