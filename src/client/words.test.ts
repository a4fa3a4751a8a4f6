/** Answers of commands as lines of JSON: the facts of each, exact, and its words. */
import { describe, expect, it } from 'vitest'
import { SynodError } from '../errors.ts'
import { execute, helpText, type Target } from './commands.ts'
import { cluster, META } from './testing/scripted-cluster.ts'
import { jsonOf, splitWords } from './words.ts'

describe('answers as JSON', () => {
  /** The object that a command prints. */
  async function object(line: string, target?: Target): Promise<Record<string, unknown>> {
    const [command = ''] = splitWords(line)
    const text = jsonOf(command, await execute(target ?? cluster(), splitWords(line)))
    expect(text).not.toContain('\n')
    return JSON.parse(text) as Record<string, unknown>
  }

  it.each<[string, object]>([
    ['get 1', { good: true, key: '1', value: 'two\nlines', text: 'two\nlines' }],
    ['get 2', { good: false, key: '2', value: null, note: 'key 2 is absent (or its value is empty)' }],
    ['get 3', { good: true, key: '3', base64: '/wA=', text: '0xff00', note: '2 bytes that are no text' }],
    ['get 4', { good: true, key: '4', base64: 'G1s=', text: '0x1b5b', note: '2 bytes that are no text' }],
    ['get -9223372036854775808', { good: true, key: '-9223372036854775808', value: 'x', text: 'x' }],
    ['get nothing', { good: true, key: 'nothing', value: '', note: 'the value is empty' }],
  ])('%s tells the value exactly, an absent one from an empty one, and bytes from text', async (line, told) => {
    const values = {
      1: 'two\nlines',
      3: Buffer.from([0xff, 0]),
      4: Buffer.from([0x1b, 0x5b]),
      '-9223372036854775808': 'x',
    }
    expect(await object(line, cluster({ values, texts: { nothing: '' } }))).toEqual({
      command: 'get',
      node: '1.1',
      ...told,
    })
  })

  it('put tells the place of the write, and null where the protocol has none', async () => {
    expect(await object('put 1 x')).toEqual({
      command: 'put',
      good: true,
      key: '1',
      node: '1.2',
      slot: 5,
      ballot: '1.1.1',
      text: 'wrote 1 byte to key 1 by node 1.2 (slot 5, ballot 1.1.1)',
    })
    const put: Target['put'] = async () => ({ node: '1.3', previous: null, ...META, slot: null, ballot: null })
    const text = 'wrote 1 byte to key 1 by node 1.3'
    expect(await object('put 1 x', { ...cluster(), put })).toMatchObject({ slot: null, ballot: null, text })
  })

  it('a failure is told by its reason, and nothing else', async () => {
    const target = cluster({ putError: new SynodError('unknown', 'node 1.1: no answer') })
    const error = 'node 1.1: no answer; the write may have been applied, now or later'
    expect(await object('put 1 x', target)).toEqual({ command: 'put', good: false, error })
  })

  it('consensus tells its word and why', async () => {
    const explanation = '3 nodes have the state hash 0'
    const told = { command: 'consensus', good: true, agreed: true, explanation, text: 'true', note: explanation }
    expect(await object('consensus 1')).toEqual(told)
  })

  it('state and heal tell of each node, also of one that has failed', async () => {
    const gone = new SynodError('unknown', 'gone')
    const { nodes, ...rest } = await object('state', cluster({ hashes: { '1.2': gone } }))
    expect(rest).toMatchObject({ command: 'state', good: false })
    const state = { algorithm: 'paxos', executed: 7, hash: '0', faults: [] }
    expect(nodes).toEqual([
      { node: '1.1', leader: '1.2', ready: true, ...state },
      { node: '1.2', error: 'gone' },
      { node: '1.3', leader: null, ready: false, ...state },
    ])
    expect(await object('heal', cluster({ healed: { '1.1': ['crash'], '1.2': gone } }))).toEqual({
      command: 'heal',
      good: false,
      nodes: [
        { node: '1.1', healed: ['crash'] },
        { node: '1.2', error: 'gone' },
        { node: '1.3', healed: [] },
      ],
      text: '1.1 healed: crash\n1.2 failed: gone',
    })
    expect(await object('heal 1.3')).toMatchObject({ nodes: [{ node: '1.3' }], text: 'there was no fault to heal' })
  })

  it('faults tell in words what was done, and who was not told', async () => {
    expect(await object('crash 1.1 0')).toEqual({ command: 'crash', good: true, text: '1.1 is down for ever' })
    const away = new SynodError('unavailable', 'connect ECONNREFUSED')
    expect(await object('partition 30 1.1', cluster({ deaf: { '1.3': away } }))).toEqual({
      command: 'partition',
      good: false,
      text: '1.1 cut off from 1.2, 1.3 for 30 seconds, by 1.1, 1.2',
      note: '1.3 could not be told: connect ECONNREFUSED',
    })
    expect(await object('help')).toEqual({ command: 'help', good: true, text: helpText() })
    expect(await object('exit')).toEqual({ command: 'exit', good: true })
  })
})
