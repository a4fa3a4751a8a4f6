/** The commands of `cmd` on a cluster that is an object: what they say, and what is good. */
import { describe, expect, it } from 'vitest'
import { SynodError } from '../errors.ts'
import { COMMAND_NAMES, complete, execute, helpText, type Target } from './commands.ts'
import { consensus } from './consensus.ts'
import { cluster, NODES, type Script } from './testing/scripted-cluster.ts'
import { type Answer, splitWords } from './words.ts'

function run(line: string, target: Target = cluster()): Promise<Answer> {
  return execute(target, splitWords(line))
}

describe('commands', () => {
  it('get prints the value, and is no good for an absent key', async () => {
    const target = cluster({
      values: { '1': 'hello wörld', '-2': Buffer.from([0x1b, 0x5b, 0x32, 0x4a]), '3': Buffer.from([0xff]) },
    })
    expect(await run('get 1', target)).toMatchObject({ good: true, out: 'hello wörld', note: '' })
    expect(await run('get -2', target)).toMatchObject({
      good: true,
      out: '0x1b5b324a',
      note: '4 bytes that are no text',
    })
    expect((await run('get 3', target)).out).toBe('0xff')
    const absent = await run('get 9', target)
    expect(absent).toMatchObject({ good: false, out: '', note: 'key 9 is absent (or its value is empty)' })
  })

  it('put says where it went, and what is unknown', async () => {
    const target = cluster()
    const answer = await run('put 1 "two words"', target)
    expect(answer).toMatchObject({
      good: true,
      out: 'wrote 9 bytes to key 1 by node 1.2 (slot 5, ballot 1.1.1)',
      note: '',
    })
    expect(target.log).toEqual(['put 1 two words'])
    const unknown = await run('put 1 x', cluster({ putError: new SynodError('unknown', 'node 1.1: no answer') }))
    expect(unknown).toMatchObject({ good: false, out: '' })
    expect(unknown.note).toBe('put failed: node 1.1: no answer; the write may have been applied, now or later')
    const odd = await run('put 1 x', cluster({ putError: new SynodError('internal', 'node 1.1 answered 302') }))
    expect(odd.note).toBe('put failed: node 1.1 answered 302; the write may have been applied, now or later')
    const refused = await run('put 1 x', cluster({ putError: new SynodError('unavailable', 'node 1.1: no leader') }))
    expect(refused.note).toBe('put failed: node 1.1: no leader')
    const told = 'node 1.1 answered 504: no answer within 2000 ms; the request may have been applied'
    const late = await run('put 1 x', cluster({ putError: new SynodError('unknown', told) }))
    expect(late.note).toBe(`put failed: ${told}`)
  })

  it('keys that do not look like integers are text', async () => {
    const target = cluster({ texts: { colour: 'red', '1.5': 'x', '': 'no name', nothing: '' } })
    expect(await run('get colour', target)).toMatchObject({ good: true, out: 'red', note: '' })
    expect((await run('get 1.5', target)).out).toBe('x')
    expect((await run('get ""', target)).out).toBe('no name')
    expect(await run('get nothing', target)).toMatchObject({ good: true, out: '', note: 'the value is empty' })
    expect(await run('get none', target)).toMatchObject({ good: false, out: '', note: 'key none is absent' })
    const written = 'wrote 4 bytes to key a/b by node 1.3 (slot 5, ballot 1.1.1)'
    expect((await run('put a/b blue', target)).out).toBe(written)
    expect(target.log).toEqual(['put text a/b blue'])
  })

  it('exit alone does nothing', async () => {
    expect(await run('exit')).toMatchObject({ good: true, out: '', note: '' })
  })

  it('a partition that not all nodes were told of says who keeps it', async () => {
    const away = new SynodError('unavailable', 'node 1.3: connect ECONNREFUSED')
    const target = cluster({ deaf: { '1.3': away } })
    expect(await run('partition 30 1.1', target)).toMatchObject({
      good: false,
      out: '1.1 cut off from 1.2, 1.3 for 30 seconds, by 1.1, 1.2',
      note: '1.3 could not be told: node 1.3: connect ECONNREFUSED',
    })
    expect(target.log).toEqual(['1.1: cut 30 1.1', '1.2: cut 30 1.1'])
    const none = await run('partition 30 1.1', cluster({ deaf: { '1.1': away, '1.2': away, '1.3': away } }))
    expect(none).toMatchObject({ good: false, out: '', note: `partition failed: ${away.message}` })
    const defect = cluster({ deaf: { '1.2': new TypeError('a defect') } })
    await expect(run('partition 30 1.1', defect)).rejects.toThrow('a defect')
  })

  it('state has a line per node, and is no good where one is silent', async () => {
    const target = cluster({ hashes: { '1.2': new SynodError('unknown', 'gone') } })
    const answer = await run('state', target)
    expect(target.log).toEqual(NODES.map((node) => `state ${node}`))
    expect(answer.good).toBe(false)
    expect(answer.out.split('\n')).toEqual([
      '1.1 paxos executed 7 hash 0 leader 1.2 ready',
      '1.2 failed: gone',
      '1.3 paxos executed 7 hash 0 no leader not ready',
    ])
    expect((await run('state 1.1')).out).toBe('1.1 paxos executed 7 hash 0 leader 1.2 ready')
  })

  it('faults say what they did', async () => {
    const target = cluster()
    expect((await run('crash 1.1 0', target)).out).toBe('1.1 is down for ever')
    expect((await run('drop 1.1 1.2 1', target)).out).toBe('what 1.1 sends to 1.2 is lost for 1 second')
    expect((await run('partition 3 1.3 1.3', target)).out).toBe('1.3 cut off from 1.1, 1.2 for 3 seconds')
    expect((await run('slow 1.1 1.2 50 2', target)).out).toBe('what 1.1 sends to 1.2 leaves 50 ms later for 2 seconds')
    expect((await run('flaky 1.1 1.2 .5 -1', target)).out).toBe(
      'each message from 1.1 to 1.2 is lost with chance 0.5 for ever',
    )
    const cuts = NODES.map((node) => `${node}: cut 3 1.3`)
    const others = ['slow 1.1 1.2 50 2', 'flaky 1.1 1.2 0.5 -1']
    expect(target.log).toEqual(['crash 1.1 0', 'drop 1.1 1.2 1', ...cuts, ...others])
  })

  it('heal names what it has ended, at one node or at all', async () => {
    const target = cluster({ healed: { '1.1': ['drop 1.2, for ever', 'crash, 2.0 s left'] } })
    const lines = '1.1 healed: drop 1.2, for ever\n1.1 healed: crash, 2.0 s left'
    expect(await run('heal', target)).toMatchObject({ good: true, out: lines, note: '' })
    expect((await run('heal 1.2', target)).out).toBe('there was no fault to heal')
    expect((await run('heal slow', target)).out).toBe(lines)
    expect((await run('heal 1.3 slow', target)).out).toBe('there was no slow to heal')
    expect(target.log.map((line) => line.replace('heal ', ''))).toEqual([
      ...['1.1 all', '1.2 all', '1.3 all'],
      '1.2 all',
      ...['1.1 slow', '1.2 slow', '1.3 slow'],
      '1.3 slow',
    ])
    const silent = new SynodError('unavailable', 'node 1.2: connect ECONNREFUSED')
    const partly = await run('heal', cluster({ healed: { '1.1': ['crash'], '1.2': silent } }))
    expect(partly).toMatchObject({ good: false, out: `1.1 healed: crash\n1.2 failed: ${silent.message}` })
  })

  it.each<[string, string[], string]>([
    ['', [...COMMAND_NAMES], ''],
    ['cr', ['crash '], 'cr'],
    ['  st', ['state '], 'st'],
    ['crash ', NODES, ''],
    ['partition 3 1.1 1.', NODES, '1.'],
    ['heal 1.1 dr', ['drop '], 'dr'],
    ['get ', [], ''],
    ['nothing 1.', [], '1.'],
  ])('completes "%s"', (line, candidates, word) => {
    expect(complete(NODES, line)).toEqual([candidates, word])
  })

  it('help names every command', () => {
    for (const name of COMMAND_NAMES) expect(helpText()).toContain(`\n  ${name}`)
  })

  it.each([
    'got 1',
    '__proto__',
    'get',
    'get 1 2',
    'get 01',
    'get +1',
    'get -0',
    'consensus x',
    'exit now',
    'put 1',
    'put 1 two words',
    'put 9223372036854775808 x',
    'state 9.9',
    'crash 1.1',
    'crash 9.9 1',
    'crash 1.1 soon',
    'crash 1.1 1.5',
    'drop 1.1 1',
    'partition 1',
    'partition 1 1.1 1.2 1.3',
    'slow 1.1 1.2 50',
    'slow 1.1 1.2 -50 1',
    'slow 1.1 1.1 50 1',
    'slow 1.1 1.2 99999999 1',
    'flaky 1.1 1.2 1.5 1',
    'flaky 1.1 1.2 half 1',
    'flaky 1.1 1.2 0.5 soon',
    'heal 9.9',
    'heal 1.1 noise',
    'heal drop 1.1',
    'heal 1.1 1.2 drop',
    'put 1 "open',
    "put 1 'open",
  ])('%s is a usage error and does nothing', async (line) => {
    const target = cluster()
    const error: unknown = await (async () => run(line, target))().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'SynodError', code: 'usage' })
    expect(target.log).toEqual([])
  })

  it('splits words as a shell does', () => {
    expect(splitWords('  put 1  "a \\"b\\" c" \'d e\' "" ')).toEqual(['put', '1', 'a "b" c', 'd e', ''])
    expect(splitWords(' \t ')).toEqual([])
  })
})

describe('consensus', () => {
  const silent = new SynodError('unavailable', 'node 1.3: connect ECONNREFUSED')
  const none = new SynodError('unsupported', 'node answered 404')

  it.each<[string, Script, boolean, RegExp]>([
    ['equal histories', { histories: { '1.1': ['a'], '1.2': ['a'], '1.3': ['a'] } }, true, /history of 1 value$/],
    ['one lags', { histories: { '1.1': ['a', 'b'], '1.2': ['a'], '1.3': ['a'] } }, true, /slowest node has 1/],
    ['one differs', { histories: { '1.1': ['a', 'b'], '1.2': ['a', 'c'], '1.3': ['a'] } }, false, /differ in value 2/],
    ['two disagree below a third', { histories: { '1.1': ['a'], '1.2': ['b'], '1.3': ['b', 'c'] } }, false, /value 1/],
    ['disagreement beats hashes', { histories: { '1.1': ['a'], '1.2': ['b'], '1.3': [] } }, false, /differ/],
    [
      'without a log hashes beat disagreement',
      { histories: { '1.1': ['a'], '1.2': ['b', 'a'], '1.3': ['a'] }, executed: null },
      true,
      /3 nodes have the state hash 0/,
    ],
    [
      'without a log, different hashes',
      { histories: { '1.1': ['a'], '1.2': ['b'], '1.3': ['a'] }, hashes: { '1.2': ['1'] }, executed: null },
      false,
      /states differ/,
    ],
    ['one silent', { histories: { '1.1': ['a'], '1.2': ['a'], '1.3': silent } }, false, /ECONNREFUSED/],
    ['no histories, equal hashes', {}, true, /3 nodes have the state hash 0/],
    ['no history route, equal hashes', { histories: { '1.1': none, '1.2': none, '1.3': none } }, true, /hash 0/],
    ['different hashes', { hashes: { '1.2': ['1'] } }, false, /1\.1 0, 1\.2 1, 1\.3 0/],
    ['no history and a silent state', { hashes: { '1.3': silent } }, false, /ECONNREFUSED/],
    [
      'one history empty, different hashes',
      { histories: { '1.1': ['a'], '1.2': ['a'] }, hashes: { '1.3': ['1'] } },
      false,
      /differ/,
    ],
  ])('%s: %#', async (_, script, agreed, explanation) => {
    const result = await consensus(cluster(script), 1, 0)
    expect(result.agreed).toBe(agreed)
    expect(result.explanation).toMatch(explanation)
  })

  it('waits for a node that lags', async () => {
    const script = { hashes: { '1.1': ['9'], '1.2': ['9'], '1.3': ['4', '7', '9'] } }
    expect((await consensus(cluster(script), 1, 0)).agreed).toBe(false)
    expect((await consensus(cluster(script), 1, 10_000)).agreed).toBe(true)
  })

  it('is a plain word on stdout', async () => {
    expect(await run('consensus 1')).toMatchObject({ good: true, out: 'true' })
    expect(await run('consensus 1', cluster({ histories: { '1.3': silent } }))).toMatchObject({
      good: false,
      out: 'false',
    })
  })
})
