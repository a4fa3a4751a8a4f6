/** Which names make a cluster, and how its members are ordered and numbered. */
import { describe, expect, it } from 'vitest'
import { SynodError } from './errors.ts'
import { Cluster, MAX_MEMBERS } from './node-id.ts'

const codeOf = (run: () => unknown): string => {
  try {
    run()
    return 'nothing thrown'
  } catch (error) {
    return error instanceof SynodError ? error.code : String(error)
  }
}

describe('Cluster', () => {
  it('orders by zone and node as numbers, and numbers the members in that order', () => {
    const cluster = new Cluster(['10.1', '1.10', '2.1', '1.2', '1.1'])
    expect(cluster.members.map(({ name }) => name)).toEqual(['1.1', '1.2', '1.10', '2.1', '10.1'])
    expect(cluster.members.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
    expect(cluster.members[2]).toEqual({ zone: 1, node: 10, index: 2, name: '1.10' })
    expect(cluster.size).toBe(5)
  })

  it('gives the same object for a member, however it is asked for', () => {
    const cluster = new Cluster(['1.1', '2.1', '2.2'])
    expect(cluster.find('2.1')).toBe(cluster.members[1])
    expect(cluster.at(1)).toBe(cluster.members[1])
    expect(cluster.zones.get(2)?.[0]).toBe(cluster.members[1])
    expect(cluster.find('1.2')).toBeUndefined()
    expect(cluster.find('__proto__')).toBeUndefined()
  })

  it('lists the zones ascending, each with its members', () => {
    const cluster = new Cluster(['10.1', '2.2', '2.1'])
    const zones = [...cluster.zones].map(([zone, members]) => [zone, members.map(({ name }) => name)])
    expect(zones).toEqual([
      [2, ['2.1', '2.2']],
      [10, ['10.1']],
    ])
  })

  it.each([
    '',
    '1',
    '1.',
    '.1',
    '1.1.1',
    '0.1',
    '1.0',
    '01.1',
    '1.01',
    '-1.1',
    '+1.1',
    '1.-1',
    '1,1',
    ' 1.1',
    '1.1 ',
    '1.1\n',
    '1e1.1',
    '0x1.1',
    'a.b',
    '../x',
    '1.1/2',
    '١.١',
    '1234567890.1',
    '1.1234567890',
    'NaN.1',
  ])('refuses the name %j', (name) => {
    expect(codeOf(() => new Cluster(['1.1', name]))).toBe('config')
    expect(codeOf(() => new Cluster([name]))).toBe('config')
  })

  it.each(['1.1', '999999999.999999999', '1.10'])('takes the name %j', (name) => {
    expect(new Cluster([name]).at(0).name).toBe(name)
  })

  it('refuses no names, a name given twice, and more than the ballots can number', () => {
    const names = (n: number) => Array.from({ length: n }, (_, index) => `1.${index + 1}`)
    expect(codeOf(() => new Cluster([]))).toBe('config')
    expect(codeOf(() => new Cluster(['1.1', '1.2', '1.1']))).toBe('config')
    expect(codeOf(() => new Cluster(names(MAX_MEMBERS + 1)))).toBe('config')
    expect(new Cluster(names(MAX_MEMBERS)).size).toBe(MAX_MEMBERS)
  })

  it.each([-1, 2, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('has no member number %d', (index) => {
    expect(codeOf(() => new Cluster(['1.1', '1.2']).at(index))).toBe('internal')
  })
})
