/** The three states of a request, and that it has one answer. */
import { expect, it } from 'vitest'
import { get } from './command.ts'
import { NO_PROPERTIES, type Outcome, Request, type Urgency } from './request.ts'

const REFUSED: Outcome = { ok: false, code: 'unavailable', reason: 'no leader' }
const DONE: Outcome = { ok: true, result: { value: null, version: 0, effect: 'done' }, position: null }

function request(): { request: Request; answers: [Outcome, Urgency][] } {
  const answers: [Outcome, Urgency][] = []
  const respond = (outcome: Outcome, urgency: Urgency) => {
    answers.push([outcome, urgency])
  }
  return {
    request: new Request({ command: get('k'), read: 'quorum', properties: NO_PROPERTIES }, 70, false, respond),
    answers,
  }
}

it('is taken once, and then answered once', () => {
  const { request: r, answers } = request()
  expect(r).toMatchObject({ state: 'waiting', read: 'quorum', deadline: 70, forwarded: false })
  expect(r.take()).toBe(true)
  expect(r.take()).toBe(false)
  r.answer(DONE, 'committed')
  r.answer(REFUSED, 'urgent')
  expect(answers).toEqual([[DONE, 'committed']])
  expect(r.state).toBe('answered')
})

it('is not taken any more once refused', () => {
  const { request: r, answers } = request()
  r.answer(REFUSED, 'urgent')
  expect(r.take()).toBe(false)
  expect(r.state).toBe('answered')
  expect(answers).toEqual([[REFUSED, 'urgent']])
})

it('ignores an answer given while it is answering', () => {
  const answers: Outcome[] = []
  const r: Request = new Request({ command: get('k'), read: '', properties: NO_PROPERTIES }, 1, false, (outcome) => {
    answers.push(outcome)
    r.answer(REFUSED, 'urgent')
  })
  r.answer(DONE, 'urgent')
  expect(answers).toEqual([DONE])
})
