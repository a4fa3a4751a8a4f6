/** Requests of clients: one answer each, in time, and an honest one. */
import { describe, expect, it } from 'vitest'
import { type Bench, type BenchOptions, startedBench } from '../test/support/bench.ts'
import { get, put } from './command.ts'
import { Forward } from './node-messages.ts'
import type { Outcome, ReadMode } from './request.ts'

const DONE = { value: Uint8Array.of(1), version: 3, effect: 'done' as const }

/** What a client hears: `ok` or the code. */
function submit(bench: Bench, key: string, read: ReadMode = ''): string[] {
  const answers: string[] = []
  bench.node.submit(get(key), read, (outcome) => answers.push(outcome.ok ? 'ok' : outcome.code))
  return answers
}

function started(node: BenchOptions['node'] = {}): Bench {
  return startedBench({ node: { requestTimeoutMs: 200, ...node } })
}

/** Lets time pass, with turns at every step. */
function live(bench: Bench, ms: number): void {
  for (let passed = 0; passed < ms; passed += 10) {
    bench.clock.pass(10)
    bench.clock.settle()
  }
}

describe('a request', () => {
  it('that has no answer when the node is about to stop gets the honest one, once', () => {
    const bench = started()
    const [waiting, taken, answered] = [submit(bench, 'a'), submit(bench, 'b'), submit(bench, 'c')]
    bench.clock.settle()
    bench.probe.requests[1]!.take()
    bench.node.reply(bench.probe.requests[2]!, DONE, null)
    bench.node.expire()
    bench.clock.settle()
    expect([waiting, taken, answered]).toEqual([['unavailable'], ['unknown'], ['ok']])
    live(bench, 1000)
    expect([waiting, taken, answered]).toEqual([['unavailable'], ['unknown'], ['ok']])
  })

  it('reaches the replica as it was given, and its answer the client', () => {
    const bench = started()
    const outcomes: Outcome[] = []
    const deadline = bench.clock.time + 200
    const command = put('k', Uint8Array.of(5))
    bench.node.submit(command, 'quorum', (outcome) => outcomes.push(outcome))
    expect(bench.probe.requests).toEqual([])
    bench.clock.settle()
    const [request] = bench.probe.requests
    expect(request).toMatchObject({ command, read: 'quorum', forwarded: false, deadline, state: 'waiting' })
    request!.take()
    bench.node.reply(request!, DONE, { slot: 4, ballot: 4096 })
    expect(outcomes).toEqual([])
    bench.clock.settle()
    expect(outcomes).toEqual([{ ok: true, result: DONE, position: { slot: 4, ballot: 4096 } }])
  })

  it.each(['its key', 'its value'])('that no frame would hold, by %s, is refused before anybody sees it', (by) => {
    const bench = started({ maxCommandBytes: 30 })
    const command = (bytes: number) => {
      return by === 'its key' ? put('k'.repeat(bytes / 3), new Uint8Array()) : put('', new Uint8Array(bytes))
    }
    const outcomes: Outcome[] = []
    for (const bytes of [30, 33]) bench.node.submit(command(bytes), '', (outcome) => outcomes.push(outcome))
    const forward = { life: 1, read: 0, timeoutMs: 100, properties: [] }
    for (const bytes of [30, 33]) bench.hear('1.2', Forward, { ...forward, id: bytes, command: command(bytes) })
    bench.clock.settle()
    const reason = 'key and value have more than 30 bytes, which no node can send on'
    expect(outcomes).toEqual([{ ok: false, code: 'unsupported', reason }])
    expect(bench.sent().join()).toContain('Answer')
    expect(bench.probe.requests.map(({ forwarded }) => forwarded)).toEqual([false, true])
  })

  it('is answered in a later turn, once', () => {
    const bench = started()
    const answers = submit(bench, 'k')
    bench.clock.settle()
    live(bench, 50)
    const [request] = bench.probe.requests
    bench.node.reply(request!, DONE, null)
    bench.node.reply(request!, DONE, null)
    bench.node.refuse(request!, 'unknown', 'too late')
    live(bench, 1000)
    expect(answers).toEqual(['ok'])
  })

  it('that is answered again costs no turn', () => {
    const bench = started()
    const answers = submit(bench, 'k')
    bench.clock.settle()
    const [request] = bench.probe.requests
    bench.node.reply(request!, DONE, null)
    expect(bench.clock.due).toBe(1)
    bench.clock.settle()
    bench.node.refuse(request!, 'unknown', 'late')
    expect([bench.clock.due, answers]).toEqual([0, ['ok']])
  })

  it('that was refused in this turn is not taken by a batch of the same turn', () => {
    const bench = started()
    const answers = submit(bench, 'k')
    bench.probe.onRequestDo = (request) => bench.node.refuse(request, 'unsupported', 'no')
    const taken: boolean[] = []
    bench.probe.onTurnEndDo = () => taken.push(...bench.probe.requests.splice(0).map((request) => request.take()))
    bench.clock.settle()
    expect([taken, answers]).toEqual([[false], ['unsupported']])
  })

  it('that nobody took is refused at its deadline, definitely', () => {
    const bench = started()
    const answers = submit(bench, 'k')
    bench.clock.settle()
    live(bench, 190)
    expect(answers).toEqual([])
    live(bench, 70)
    expect(answers).toEqual(['unavailable'])
    expect(bench.probe.requests[0]!.take()).toBe(false)
  })

  it('that was taken has an unknown outcome at its deadline, and a late answer is ignored', () => {
    const bench = started()
    const answers = submit(bench, 'k')
    bench.clock.settle()
    bench.probe.requests[0]!.take()
    live(bench, 300)
    expect(answers).toEqual(['unknown'])
    bench.node.reply(bench.probe.requests[0]!, DONE, null)
    live(bench, 300)
    expect(answers).toEqual(['unknown'])
  })

  it('beyond the limit is refused in the next turn and never shown to the replica', () => {
    const bench = started({ maxRequests: 2 })
    const [a, b, c] = [submit(bench, 'a'), submit(bench, 'b'), submit(bench, 'c')]
    bench.clock.settle()
    expect([a, b, c]).toEqual([[], [], ['overloaded']])
    expect(bench.probe.requests.map(({ command }) => command.key)).toEqual(['a', 'b'])
    bench.node.reply(bench.probe.requests[0]!, DONE, null)
    const d = submit(bench, 'd')
    bench.clock.settle()
    expect([a, d]).toEqual([['ok'], []])
    live(bench, 400)
    expect([a, b, c, d]).toEqual([['ok'], ['unavailable'], ['overloaded'], ['unavailable']])
  })

  it('each of many has exactly one answer, whatever the replica does', () => {
    const bench = started({ maxRequests: 50 })
    let turn = 0
    bench.probe.onTurnEndDo = () => {
      turn += 1
      for (const [index, request] of bench.probe.requests.entries()) {
        if (request.state === 'answered') continue
        if (index % 3 === 0) request.take()
        if (index % 5 === 0 && turn % 5 === 0) bench.node.reply(request, DONE, null)
        if (index % 7 === 0 && turn % 3 === 0) bench.node.refuse(request, 'unsupported', '')
      }
    }
    const all: string[][] = []
    for (let i = 0; i < 300; i++) {
      all.push(submit(bench, `${i}`))
      if (i % 10 === 0) live(bench, 10)
    }
    live(bench, 500)
    expect(all.every((answers) => answers.length === 1)).toBe(true)
    expect([...new Set(all.flat())].sort()).toEqual(['ok', 'overloaded', 'unavailable', 'unknown', 'unsupported'])
  })

  it('may be made by the answer of another', () => {
    const bench = started()
    const heard: string[] = []
    bench.probe.onRequestDo = (request) => bench.node.reply(request, DONE, null)
    bench.node.submit(get('a'), '', () => {
      heard.push('a')
      bench.node.submit(get('b'), '', () => heard.push('b'))
    })
    bench.clock.settle()
    expect(heard).toEqual(['a', 'b'])
  })

  it('is executed by the state machine that the node was given', () => {
    const bench = started()
    expect(bench.node.execute(put('k', Uint8Array.of(1)))).toEqual({ value: null, version: 1, effect: 'done' as const })
    expect(bench.node.execute(get('k'))).toEqual({ value: Uint8Array.of(1), version: 1, effect: 'done' as const })
    expect(bench.node.store.execute(get('k')).version).toBe(1)
  })
})
