/** Forwarded requests: an id is admitted once per life, an answer counts once and only from the target. */
import { describe, expect, it } from 'vitest'
import { get } from './command.ts'
import { Forwarding } from './forwarding.ts'
import { Cluster } from './node-id.ts'
import { Answer, Forward } from './node-messages.ts'
import { NO_PROPERTIES, Request } from './request.ts'

const WINDOW = 65_536
const cluster = new Cluster(['1.1', '1.2', '1.3'])
const target = cluster.at(1)
const origin = cluster.at(2)
const request = () => new Request({ command: get('k'), read: '', properties: NO_PROPERTIES }, 100, false, () => {})
const forward = (life: number, id: number) =>
  new Forward({ life, id, command: get('k'), read: 0, timeoutMs: 5, properties: [] })
const answer = (life: number, id: number) =>
  new Answer({ life, id, code: 0, reason: '', absent: true, value: new Uint8Array(0), version: 0, slot: 0, ballot: 0 })

describe('answers', () => {
  it('each id is its own, and counts once', () => {
    const forwarding = new Forwarding(77)
    const [a, b] = [request(), request()]
    const [first, second] = [forwarding.sent(a, target), forwarding.sent(b, target)]
    expect(second).toBeGreaterThan(first)
    expect(forwarding.answered(answer(77, second), target)).toBe(b)
    expect(forwarding.answered(answer(77, first), target)).toBe(a)
    expect(forwarding.answered(answer(77, first), target)).toBeUndefined()
  })

  it.each([
    { name: 'of another life', life: 78, id: 1, from: 1 },
    { name: 'of an id never sent', life: 77, id: 2, from: 1 },
    { name: 'from a node that was not asked', life: 77, id: 1, from: 2 },
  ])('one $name is nobody’s, and does not use up the right one', ({ life, id, from }) => {
    const forwarding = new Forwarding(77)
    const sent = request()
    expect(forwarding.sent(sent, target)).toBe(1)
    expect(forwarding.answered(answer(life, id), cluster.at(from))).toBeUndefined()
    expect(forwarding.answered(answer(77, 1), target)).toBe(sent)
  })

  it('one for a request that was given up is nobody’s; for one that is still open it counts', () => {
    const forwarding = new Forwarding(77)
    const [late, open] = [request(), request()]
    const ids = [forwarding.sent(late, target), forwarding.sent(open, target)] as const
    late.answer({ ok: false, code: 'unknown', reason: '' }, 'urgent')
    forwarding.prune()
    expect(forwarding.answered(answer(77, ids[0]), target)).toBeUndefined()
    expect(forwarding.answered(answer(77, ids[1]), target)).toBe(open)
  })
})

describe('admission', () => {
  it('admits each id once, in any order', () => {
    const forwarding = new Forwarding(1)
    expect([5, 3, 5, 4, 3, 1, 5, 2].map((id) => forwarding.admit(forward(9, id), origin))).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
      false,
      true,
    ])
  })

  it('tells lives apart', () => {
    const forwarding = new Forwarding(1)
    expect(forwarding.admit(forward(9, 1), origin)).toBe(true)
    expect(forwarding.admit(forward(10, 1), origin)).toBe(true)
    expect(forwarding.admit(forward(9, 1), origin)).toBe(false)
  })

  it('tells origins apart, also where they drew the same life', () => {
    const forwarding = new Forwarding(1)
    expect(forwarding.admit(forward(9, 1), origin)).toBe(true)
    expect(forwarding.admit(forward(9, 1), target)).toBe(true)
    expect(forwarding.admit(forward(9, 1), origin)).toBe(false)
    expect(forwarding.admit(forward(9, 1), target)).toBe(false)
  })

  it('remembers the last eight lives of an origin, whatever others send', () => {
    const forwarding = new Forwarding(1)
    for (let life = 1; life <= 8; life++) expect(forwarding.admit(forward(life, 1), origin)).toBe(true)
    for (let life = 1; life <= 20; life++) forwarding.admit(forward(life, 1), target)
    for (let life = 1; life <= 8; life++) expect(forwarding.admit(forward(life, 1), origin)).toBe(false)
  })

  it('never admits an id twice, also far behind the window', () => {
    const forwarding = new Forwarding(1)
    const last = 3 * WINDOW
    for (let id = 1; id <= last; id++) if (!forwarding.admit(forward(9, id), origin)) throw new Error(`${id} is new`)
    for (let id = 1; id <= last; id += 97) expect(forwarding.admit(forward(9, id), origin)).toBe(false)
    expect(forwarding.admit(forward(9, last), origin)).toBe(false)
    expect(forwarding.admit(forward(9, last + 1), origin)).toBe(true)
  })

  it('admits a late id while it is within the window', () => {
    const forwarding = new Forwarding(1)
    for (let id = 2; id <= WINDOW / 2; id++) forwarding.admit(forward(9, id), origin)
    expect(forwarding.admit(forward(9, 1), origin)).toBe(true)
  })
})
