/** The golden scenarios' own machinery: it must find differences, name lines, and give the same output twice. */
import { describe, expect, it } from 'vitest'
import abd from '../../protocols/abd/index.ts'
import * as abdMessages from '../../protocols/abd/messages.ts'
import paxos from '../../protocols/paxos/index.ts'
import * as messages from '../../protocols/paxos/messages.ts'
import { difference } from './difference.ts'
import { parse, print } from './file.ts'
import { play } from './play.ts'

/** A file of one block; what it prints does not matter. */
function script(...commands: string[]): string {
  return `${['cluster nodes=3', 'start', ...commands, '----'].join('\n')}\n`
}

function outputOf(text: string): readonly string[] {
  return play(paxos, messages, 'a.txt', text).blocks.flatMap(({ output }) => output)
}

describe('files', () => {
  const text = '# One.\nstart\n----\nok\n\n# Two.\n\n# More.\nstate\nlog\n----\n1.1: down\n1.2: down\n\n# The end.\n'

  it('are printed as they were parsed', () => {
    const file = parse('a.txt', text)
    expect(print(file)).toBe(text)
    expect(file.blocks.map(({ commands }) => commands)).toEqual([
      [{ text: 'start', number: 2 }],
      [
        { text: 'state', number: 9 },
        { text: 'log', number: 10 },
      ],
    ])
  })

  it('without dashes, or with dashes and no command, are refused', () => {
    expect(() => parse('a.txt', '# One.\nstart\n')).toThrow('a.txt:2: no line ----')
    expect(() => parse('a.txt', '# One.\n----\n')).toThrow('a.txt:2: dashes without a command')
  })

  it('that differ are told apart by the first block, line by line', () => {
    const file = parse('a.txt', text)
    expect(difference('a.txt', file, parse('a.txt', text))).toBeNull()
    const other = parse('a.txt', text.replace('1.1: down', '1.1: leader').replace('1.2: down', '1.2: down\n1.3: down'))
    expect(difference('a.txt', file, other)?.split('\n')).toEqual([
      'a.txt:9: another output than the file has',
      '    state',
      '    log',
      '    ----',
      '  - 1.1: down',
      '  + 1.1: leader',
      '    1.2: down',
      '  + 1.3: down',
    ])
  })
})

describe('scenarios', () => {
  it('give the same output each time, and another for another seed', () => {
    const text = script('wait agreed', 'put 1.2 k red', 'crash 1.3', 'boot 1.3', 'wait 1.3 voting = true')
    expect(outputOf(text)).toEqual(outputOf(text))
    expect(outputOf(text.replace('nodes=3', 'nodes=3 seed=2'))).not.toEqual(outputOf(text))
  })

  for (const [command, complaint] of [
    ['dance', 'a.txt:3: dance: no such command'],
    ['crash 1.9', 'a.txt:3: crash 1.9: 1.9 is no node'],
    ['crash 1.1 kept=1', 'keeps a part of what is not safe: 0 records now'],
    ['expect leader', 'a.txt:3: expect leader: this does not hold'],
    ['expect 1.1 executed', 'no condition'],
    ['expect 1.1 holds k', 'it is NODE holds KEY=VALUE'],
    ['expect 1.1 holds k=red', 'this does not hold'],
    ['wait 1.1 executed >= 5', 'not within 10000 ms'],
    ['release', 'nothing is held'],
    ['wipe 1.1', 'crash it first'],
    ['cluster nodes=3', 'there is a cluster already'],
  ] as const) {
    it(`refuse: ${command}`, () => expect(() => outputOf(script(command))).toThrow(complaint))
  }

  it('write no value twice', () => {
    expect(() => outputOf(script('wait agreed', 'put 1.1 k red', 'put 1.1 k red'))).toThrow('red is written twice')
  })

  it('are judged: a read that forgets an acknowledged write is found', () => {
    const forgetful = { ...paxos, create: (...args: Parameters<typeof paxos.create>) => forget(paxos.create(...args)) }
    const text = script('campaign 1.1', 'put 1.1 k red', 'get 1.1 k')
    expect(() => play(forgetful, messages, 'a.txt', text)).toThrow(/linearizable/)
    expect(() => play(paxos, messages, 'a.txt', text)).not.toThrow()
  })

  it('fit protocols without ballots and leaders', () => {
    const { blocks } = play(abd, abdMessages, 'a.txt', script('put 1.1 k red', 'crash 1.1', 'get 1.2 k', 'state'))
    const [{ output }] = blocks as [(typeof blocks)[0]]
    expect(output).toContain('1.1 answers put k=red: done')
    expect(output).toContain('1.2 answers get k: red')
    expect(output).toContain('1.1: down')
    expect(output).toContain('1.2 holds k=red at 1.1.1')
    expect(output).toContain('1.2: serves; k=red at 1.1.1')
  })
})

/** A replica whose node answers all reads with nothing. */
function forget(replica: ReturnType<typeof paxos.create>): ReturnType<typeof paxos.create> {
  const { node } = replica as unknown as { node: { reply(...args: unknown[]): void } }
  const reply = node.reply.bind(node)
  node.reply = (request, result, ...rest) => reply(request, { ...(result as object), value: null }, ...rest)
  return replica
}
