/** The `links` object: how far the nodes are from each other, so that a cluster in one place behaves as one across the world. */
import { z } from 'zod'
import { type Cluster, isNodeName, type NodeId } from '../node-id.ts'
import { show } from './json.ts'
import { nearest } from './nearest.ts'
import { PRESETS } from './presets/index.ts'

/** The longest round trip: beyond it no timeout of the defaults makes sense. */
const LONGEST_RTT_MS = 60_000

/** See the file's head. `checkLinks` does what needs the cluster. */
export const linksSchema = z.strictObject({
  preset: z
    .enum([...PRESETS.keys()], {
      error: ({ input }) => `must be one of ${[...PRESETS.keys()].join(', ')}, not ${show(input)}`,
    })
    .optional()
    .describe('measured round trips between regions'),
  regions: z
    .record(z.string(), z.string())
    .default({})
    .describe('zone or node id to its region in the preset; a node wins over its zone'),
  rtt_ms: z
    .record(z.string(), z.number().min(0).max(LONGEST_RTT_MS))
    .default({})
    .describe('round trip between two zones, as in "1-2", or two nodes, as in "1.1-2.1"; wins over the preset'),
})

/** The checked `links` object. */
export type Links = z.output<typeof linksSchema>

/** Tells a problem at a place below `links`. */
type Report = (path: string[], message: string) => void

/** Checks that all names stand for something: zones, nodes, regions. */
export function checkLinks({ preset, regions, rtt_ms }: Links, cluster: Cluster, report: Report): void {
  const known = (name: string) => cluster.find(name) !== undefined || isZone(cluster, name)
  const pairs = new Map<string, string>()
  for (const pair of Object.keys(rtt_ms)) {
    const ends = pair.split('-')
    const [a, b] = ends as [string, string]
    const stranger = ends.find((end) => !known(end))
    if (ends.length !== 2) report(['rtt_ms', pair], 'must name two zones, as in "1-2", or two nodes, as in "1.1-2.1"')
    else if (stranger !== undefined)
      report(['rtt_ms', pair], `${show(stranger)} is neither a zone nor a node of address`)
    else if (isZone(cluster, a) !== isZone(cluster, b))
      report(['rtt_ms', pair], 'must name two zones or two nodes, not one of each')
    const same = [...ends].sort().join('-')
    if (pairs.has(same)) report(['rtt_ms', pair], `is the same link as ${show(pairs.get(same))}`)
    pairs.set(same, pair)
  }
  const places = preset === undefined ? undefined : PRESETS.get(preset)!.regions
  for (const [name, region] of Object.entries(regions)) {
    if (!places) report(['preset'], 'is missing: regions are those of a preset')
    else if (!known(name)) report(['regions', name], 'is neither a zone nor a node of address')
    else if (!places.includes(region)) {
      report(
        ['regions', name],
        `there is no region ${show(region)}; the nearest name is ${show(nearest(region, places))}`,
      )
    }
  }
  const lost = places && cluster.members.find((id) => regionOf(regions, id) === undefined)
  if (lost) report(['regions'], `node ${lost.name} has no region: name its zone, ${show(String(lost.zone))}`)
}

/**
 * The nodes of the smallest cluster with all zones and nodes that `links` names, which nobody has checked yet: what is
 * wrong there is wrong in any.
 */
export function smallestCluster(links: unknown): string[] {
  const { regions, rtt_ms } = (links ?? {}) as { readonly regions?: unknown; readonly rtt_ms?: unknown }
  const names = [...keysOf(regions), ...keysOf(rtt_ms).flatMap((pair) => pair.split('-'))]
  const nodes = new Set(names.filter(isNodeName))
  const zones = new Set([...nodes].map((node) => node.split('.')[0]))
  for (const zone of names) if (isNodeName(`${zone}.1`) && !zones.has(zone)) nodes.add(`${zone}.1`)
  return nodes.size > 0 ? [...nodes] : ['1.1']
}

function keysOf(value: unknown): string[] {
  return Object.keys(value ?? {})
}

/** What a frame needs from one node to another: half of the round trip. */
export function oneWayMs({ preset, regions, rtt_ms }: Links, from: NodeId, to: NodeId): number {
  const zones = [String(from.zone), String(to.zone)] as const
  const explicit = givenMs(rtt_ms, from.name, to.name) ?? givenMs(rtt_ms, ...zones)
  if (explicit !== undefined) return explicit / 2
  if (preset === undefined) return 0
  return PRESETS.get(preset)!.roundTripMs(regionOf(regions, from)!, regionOf(regions, to)!) / 2
}

function givenMs(rtt_ms: Links['rtt_ms'], a: string, b: string): number | undefined {
  return rtt_ms[`${a}-${b}`] ?? rtt_ms[`${b}-${a}`]
}

function regionOf(regions: Links['regions'], { name, zone }: NodeId): string | undefined {
  return regions[name] ?? regions[String(zone)]
}

function isZone(cluster: Cluster, name: string): boolean {
  return [...cluster.zones.keys()].some((zone) => String(zone) === name)
}
