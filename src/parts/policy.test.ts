/** Each policy against its definition: by hand, and against a model that keeps everything. */
import { describe, expect, test } from 'vitest'
import { Cluster, type NodeId } from '../node-id.ts'
import { createPolicy, type Policy } from './policy.ts'
import { Xoshiro } from './xoshiro.ts'

const cluster = new Cluster(['1.1', '1.2', '2.1', '3.1'])
const node = (name: string): NodeId => cluster.find(name)!

/** What a policy says to hits, one every `stepMs`; a dash for staying. */
function run(policy: Policy, hits: string, stepMs = 0): string {
  const said = hits.split(' ').map((name, index) => policy.hit(node(name), index * stepMs)?.name ?? '-')
  return said.join(' ')
}

function draw(random: Xoshiro): NodeId {
  return cluster.at(random.below(cluster.size))
}

test('null never moves an object', () => {
  expect(run(createPolicy('null', 1), '1.1 1.1 2.1 2.1')).toBe('- - - -')
})

describe('consecutive', () => {
  test.each<[number, string, string]>([
    [3, '1.1 1.1 1.1 1.1 1.1 1.1 1.1', '- - 1.1 - - 1.1 -'],
    [3, '1.1 1.1 2.1 1.1 1.1 1.1', '- - - - - 1.1'],
    [2, '1.1 1.2 1.1 1.2 1.2', '- - - - 1.2'],
    [1, '1.1 2.1', '1.1 2.1'],
    [0, '1.1 2.1', '1.1 2.1'],
    [2.9, '1.1 1.1', '- 1.1'],
  ])('threshold %d: %s', (threshold, hits, answers) => {
    expect(run(createPolicy('consecutive', threshold), hits)).toBe(answers)
  })
})

describe('majority', () => {
  test.each<[string, number, string, number, string]>([
    ['more than half at the end of the interval', 1, '1.1 2.1 2.1 2.1', 400, '- - - 2.1'],
    ['not before its end', 1, '1.1 1.1 1.1', 333, '- - -'],
    ['exactly half is no majority', 1, '1.1 2.1 1.1 2.1', 400, '- - - -'],
    ['one of three is none', 1, '1.1 2.1 3.1', 500, '- - -'],
    ['each interval counts for itself', 1, '1.1 1.1 1.1 2.1 2.1', 500, '- - 1.1 - 2.1'],
    ['a fraction of a second', 0.5, '1.1 1.1', 500, '- 1.1'],
    ['without an interval every second hit decides', 0, '1.1 1.1 2.1 2.1', 0, '- 1.1 - 2.1'],
  ])('%s', (_, seconds, hits, stepMs, answers) => {
    expect(run(createPolicy('majority', seconds), hits, stepMs)).toBe(answers)
  })

  test('as counting each interval anew would answer', () => {
    const random = new Xoshiro(5)
    const policy = createPolicy('majority', 1)
    let interval: NodeId[] = []
    let startedAt = 0
    let moves = 0
    for (let i = 0, now = 0; i < 5000; i++, now += random.below(400)) {
      const from = random.below(2) === 0 ? node('2.1') : draw(random)
      interval.push(from)
      let expected: NodeId | null = null
      if (interval.length > 1 && now - startedAt >= 1000) {
        const counts = cluster.members.map((id) => interval.filter((one) => one === id).length)
        expected = cluster.members.find((_, index) => counts[index]! > interval.length / 2) ?? null
        interval = []
        startedAt = now
      }
      expect(policy.hit(from, now)).toBe(expected)
      if (expected) moves += 1
    }
    expect(moves).toBeGreaterThan(100)
  })
})

describe('ema', () => {
  test.each<[string, number, string, string]>([
    ['the second hit from one zone settles it, once', 0.5, '1.1 1.1 1.2 1.1', '- 1.1 - -'],
    ['it follows when the average has come near', 0.5, '1.1 1.1 2.1 2.1 2.1 2.1 2.1', '- 1.1 - - - 2.1 -'],
    ['the weight of one takes each zone at once', 1, '1.1 2.1 2.1 1.2', '- 2.1 - 1.2'],
    ['the weight of none stays where it began', 0, '1.1 2.1 2.1 1.1 1.1', '- - - 1.1 -'],
    [
      'not to a zone between that does not ask',
      0.05,
      '1.1 3.1 3.1 3.1 3.1 3.1 3.1 3.1 3.1 3.1 3.1 3.1 3.1 3.1',
      '- - - - - - - - - - - - - -',
    ],
  ])('%s', (_, weight, hits, answers) => {
    expect(run(createPolicy('ema', weight), hits)).toBe(answers)
  })

  test('as the sum of all weighted hits would answer', () => {
    const random = new Xoshiro(6)
    const alpha = 0.3
    const policy = createPolicy('ema', alpha)
    const zones: number[] = []
    let named = 0
    let moves = 0
    let bias = node('1.1')
    for (let i = 0; i < 2000; i++) {
      if (i % 50 === 0) bias = draw(random)
      const from = random.below(10) === 0 ? draw(random) : bias
      zones.push(from.zone)
      // s = alpha (z_n + (1-alpha) z_(n-1) + …) + (1-alpha)^(n-1) z_1; what is older than 200 hits weighs nothing.
      const recent = zones.slice(-200)
      const average = recent.reduceRight((sum, zone, index) => {
        const age = recent.length - 1 - index
        const weight = index === 0 && recent.length === zones.length ? 1 : alpha
        return sum + weight * (1 - alpha) ** age * zone
      }, 0)
      const zone = Math.round(average)
      const near = Math.abs(average - zone) <= 0.1
      const expected = i > 0 && near && zone !== named && zone === from.zone ? from : null
      expect(policy.hit(from, 0), `hit ${i}`).toBe(expected)
      if (expected) {
        named = zone
        moves += 1
      }
    }
    expect(moves).toBeGreaterThan(10)
  })
})
