/** The count of open requests, and their deadlines. */
import { describe, expect, it } from 'vitest'
import { HandClock } from '../test/support/hand-clock.ts'
import { get } from './command.ts'
import { OpenRequests } from './open-requests.ts'
import { NO_PROPERTIES, Request } from './request.ts'

function opened(limit = 3) {
  const clock = new HandClock()
  const late: string[][] = []
  const open = new OpenRequests(clock, limit, 2, (requests) => {
    late.push(requests.map((request) => `${request.command.key} ${request.state}`))
    for (const request of requests) request.answer({ ok: false, code: 'unknown', reason: '' }, 'urgent')
  })
  const add = (key: string, deadline: number, forwarded = false) => {
    const request = new Request(
      { command: get(key), read: '', properties: NO_PROPERTIES },
      clock.time + deadline,
      forwarded,
      () => open.close(forwarded),
    )
    open.add(request)
    return request
  }
  return { clock, late, open, add }
}

describe('OpenRequests', () => {
  it('takes as many from each peer as from its own clients, whatever those have', () => {
    const { open, add } = opened(1)
    add('own', 100)
    const [first] = [add('a', 100, true), add('b', 100, true)]
    expect([open.full(false), open.full(true), open.size]).toEqual([true, true, 3])
    first!.answer({ ok: false, code: 'unknown', reason: '' }, 'urgent')
    expect([open.full(false), open.full(true), open.size]).toEqual([true, false, 2])
  })

  it('is full at its limit, and not any more once one is answered', () => {
    const { open, add } = opened(2)
    const first = add('a', 100)
    expect(open.full(false)).toBe(false)
    add('b', 100)
    expect(open.full(false)).toBe(true)
    first.answer({ ok: false, code: 'unknown', reason: '' }, 'urgent')
    expect(open.full(false)).toBe(false)
  })

  it('takes none at a limit of 0', () => {
    expect(opened(0).open.full(false)).toBe(true)
  })

  it('names those whose deadline has passed, at most a sweep late, and each once', () => {
    const { clock, late, add } = opened()
    add('a', 100)
    add('b', 180).take()
    clock.pass(99)
    expect(late).toEqual([])
    clock.pass(51)
    expect(late).toEqual([['a waiting']])
    clock.pass(100)
    expect(late).toEqual([['a waiting'], ['b taken']])
    clock.pass(1000)
    expect(late).toHaveLength(2)
  })

  it('leaves alone what was answered in time', () => {
    const { clock, late, add } = opened()
    add('a', 10).answer({ ok: false, code: 'unknown', reason: '' }, 'urgent')
    clock.pass(500)
    expect(late).toEqual([])
  })

  it('keeps no alarm while nothing is open, and one while something is', () => {
    const { clock, add } = opened()
    expect(clock.alarms).toBe(0)
    add('a', 60)
    add('b', 60)
    expect(clock.alarms).toBe(1)
    clock.pass(200)
    expect(clock.alarms).toBe(0)
    add('c', 60)
    expect(clock.alarms).toBe(1)
  })
})
