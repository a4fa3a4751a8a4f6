/** Emulated distances: which entry holds for a pair of nodes, the preset's figures, and each mistake by its place. */
import { describe, expect, test } from 'vitest'
import { Cluster } from '../node-id.ts'
import { oneWayMs } from './links.ts'
import { parseConfig, parseTemplate } from './parse.ts'
import { PRESETS } from './presets/index.ts'

const IDS = ['1.1', '1.2', '2.1', '3.1']
const cluster = new Cluster(IDS)

function parse(links: unknown) {
  const map = (scheme: string, base: number) =>
    Object.fromEntries(IDS.map((id, i) => [id, `${scheme}://h:${base + i}`]))
  return parseConfig(JSON.stringify({ address: map('tcp', 1000), http_address: map('http', 2000), links }), 'c.json')
    .links
}

const way = (links: unknown, a: string, b: string) => oneWayMs(parse(links), cluster.find(a)!, cluster.find(b)!)

describe('distances', () => {
  test('none without an entry; half of the round trip with one, both ways', () => {
    expect(way({}, '1.1', '2.1')).toBe(0)
    const links = { rtt_ms: { '1-2': 80, '3-1': 30, '1-1': 2 } }
    expect(way(links, '1.1', '2.1')).toBe(40)
    expect(way(links, '2.1', '1.2')).toBe(40)
    expect(way(links, '1.1', '3.1')).toBe(15)
    expect(way(links, '1.1', '1.2')).toBe(1)
    expect(way(links, '2.1', '3.1')).toBe(0)
  })

  test('two nodes win over their zones, both over the preset, and a node over its zone', () => {
    const regions = { 1: 'us-east-1', '1.2': 'us-west-2', 2: 'eu-west-1', 3: 'ap-south-1' }
    const links = { preset: 'wan/aws-2020-06-05', regions, rtt_ms: { '1-3': 50, '3.1-1.2': 6 } }
    expect(way(links, '1.1', '3.1')).toBe(25)
    expect(way(links, '1.2', '3.1')).toBe(3)
    const measured = PRESETS.get('wan/aws-2020-06-05')!.roundTripMs
    expect(way(links, '1.1', '2.1')).toBe(measured('us-east-1', 'eu-west-1') / 2)
    expect(way(links, '1.2', '2.1')).toBe(measured('us-west-2', 'eu-west-1') / 2)
  })
})

test('the preset has 19 regions, a figure for each pair, and those of the source', () => {
  const { regions, roundTripMs } = PRESETS.get('wan/aws-2020-06-05')!
  expect(regions.length).toBe(19)
  for (const a of regions) {
    for (const b of regions) {
      const ms = roundTripMs(a, b)
      expect(ms, `${a} ${b}`).toBeGreaterThan(0)
      expect(ms < 1, `${a} ${b}`).toBe(a === b)
      // Measured twice, from both ends: a misplaced row or column would differ by far more.
      expect(Math.abs(ms - roundTripMs(b, a)), `${a} ${b}`).toBeLessThan(5)
    }
  }
  expect(roundTripMs('af-south-1', 'eu-west-2')).toBe(142.524)
  expect(roundTripMs('ap-east-1', 'us-east-1')).toBe(213.164)
})

const EAST = { preset: 'wan/aws-2020-06-05', regions: { 1: 'us-east-1', 2: 'us-east-1', 3: 'us-east-1' } }

describe('each mistake is one line that names its place', () => {
  test.each<[unknown, string]>([
    [{ preset: 'wan/aws' }, 'links.preset: must be one of wan/aws-2020-06-05, not "wan/aws"'],
    [{ region: {} }, 'links: unknown key "region"; the nearest known key is "regions"'],
    [{ regions: { 1: 'us-east-1' } }, 'links.preset: is missing: regions are those of a preset'],
    [
      { ...EAST, regions: { ...EAST.regions, 1: 'us-est-1' } },
      'links.regions.1: there is no region "us-est-1"; the nearest name is "us-east-1"',
    ],
    [
      { ...EAST, regions: { ...EAST.regions, 9: 'us-east-1' } },
      'links.regions.9: is neither a zone nor a node of address',
    ],
    [
      { ...EAST, regions: { 1: 'us-east-1', 2: 'us-east-1' } },
      'links.regions: node 3.1 has no region: name its zone, "3"',
    ],
    [{ rtt_ms: { '1-9': 5 } }, 'links.rtt_ms.1-9: "9" is neither a zone nor a node of address'],
    [{ rtt_ms: { '1': 5 } }, 'links.rtt_ms.1: must name two zones, as in "1-2", or two nodes, as in "1.1-2.1"'],
    [{ rtt_ms: { '1-2.1': 5 } }, 'links.rtt_ms.1-2.1: must name two zones or two nodes, not one of each'],
    [{ rtt_ms: { '1-2': 5, '2-1': 6 } }, 'links.rtt_ms.2-1: is the same link as "1-2"'],
    [{ rtt_ms: { '1-2': -1 } }, 'links.rtt_ms.1-2: must be at least 0, not -1'],
    [{ rtt_ms: { '1-2': 60001 } }, 'links.rtt_ms.1-2: must be at most 60000, not 60001'],
    [{ rtt_ms: { '1-2': '5' } }, 'links.rtt_ms.1-2: expected a number, not a string'],
    [[], 'links: expected an object, not a list'],
  ])('%j', (links, line) => {
    expect(() => parse(links)).toThrow(`c.json: ${line}`)
  })
})

describe('before the addresses are known', () => {
  const template = (links: unknown) => () => parseTemplate({ Links: links }, 't.json').links

  test.each<[unknown]>([
    [null],
    [{ rtt_ms: { '7-8': 5, '9.3-8.2': 5 } }],
    [{ preset: 'wan/aws-2020-06-05', Regions: { 7: 'us-east-1', '8.4': 'us-west-2' }, rtt_ms: { '7-8': 5 } }],
    [{ preset: 'wan/aws-2020-06-05', regions: Object.fromEntries(IDS.map((id) => [id, 'us-east-1'])) }],
  ])('%j is as good as the nodes that join', (links) => {
    expect(template(links)).not.toThrow()
  })

  test.each<[unknown, string]>([
    [5, 'links: expected an object, not a number'],
    ['1-2', 'links: expected an object, not a string'],
    [{ foo: 1 }, 'links: unknown key "foo"'],
    [{ regions: 5 }, 'links.regions: expected an object, not a number'],
    [{ preset: 'wan/foo' }, 'links.preset: must be one of wan/aws-2020-06-05, not "wan/foo"'],
    [{ preset: 'wan/aws-2020-06-05' }, 'links.regions: node 1.1 has no region: name its zone, "1"'],
    [{ regions: { 7: 'us-east-1' } }, 'links.preset: is missing: regions are those of a preset'],
    [{ ...EAST, regions: { 7: 'us-est-1' } }, 'links.regions.7: there is no region "us-est-1"'],
    [{ ...EAST, rtt_ms: { '1-9': 5 } }, 'links.regions: node 9.1 has no region: name its zone, "9"'],
    [{ rtt_ms: { '1-x': 5 } }, 'links.rtt_ms.1-x: "x" is neither a zone nor a node of address'],
    [{ rtt_ms: { '1-2.1': 5 } }, 'links.rtt_ms.1-2.1: must name two zones or two nodes, not one of each'],
  ])('%j is wrong whoever joins', (links, line) => {
    expect(template(links)).toThrow(`t.json: ${line}`)
  })
})
