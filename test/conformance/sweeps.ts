/** Rows of random faults of one kind, by seed: everything stays safe meanwhile, and all is well after they end. */
import { NEMESES, type Nemesis, run } from '../../src/sim/index.ts'
import type { Row, Setting } from './row.ts'

/** How many seeds of all faults together stand for one: there is more to draw from. */
const DRAWS = 2

/** The rows that have nemeses of their own: which, and what they need. */
interface Kind {
  readonly faults: readonly string[]
  /** With fewer nodes, or zones, it cannot happen. */
  readonly least?: number
  readonly zones?: number
  /** Whether it happens only to nodes with a disk. */
  readonly durable?: boolean
}

const KINDS: Readonly<Record<string, Kind>> = {
  loss: { faults: ['drop', 'lossy-link'], least: 2 },
  delay: { faults: ['delay'], least: 2 },
  // Not every protocol has an election that may be held at any time; where there is one, it meets late messages.
  'slow links and usurpers': { faults: ['slow-link', 'usurp', 'coup'], least: 2 },
  reorder: { faults: ['reorder'], least: 2 },
  'duplicate and replay': { faults: ['duplicate', 'replay'], least: 2 },
  partition: {
    faults: ['partition-halves', 'partition-leader', 'partition-majority', 'partition-minority'],
    least: 3,
  },
  'one way': { faults: ['send-only', 'receive-only'], least: 2 },
  partial: { faults: ['partition-star', 'partition-chain', 'partition-ring', 'partition-bridge'], least: 5 },
  'partial, as it happened': { faults: ['partition-4-2-5-3', 'partition-cloudflare', 'partition-pair'], least: 5 },
  flapping: { faults: ['flapping'], least: 2 },
  'zone cut': { faults: ['partition-zone'], zones: 2 },
  kill: { faults: ['crash-one', 'crash-minority', 'crash-all'] },
  'restart loop': { faults: ['restart-loop'] },
  'short lives': { faults: ['short-lives', 'half-campaign'], least: 2 },
  'end in good order': { faults: ['retire'] },
  pause: { faults: ['pause'] },
  clocks: { faults: ['clock-jump', 'clock-drift', 'clock-freeze'] },
  overload: { faults: ['overload'] },
  'slow or dead peer': { faults: ['slow-peer', 'dead-peer'], least: 3 },
  disconnect: { faults: ['disconnect'] },
  'connections reset': { faults: ['reset'], least: 2 },
  'disk lost': { faults: ['wipe', 'relapse', 'stale-disk'], least: 3, durable: true },
  'disk damaged': { faults: ['torn-tail', 'bit-flip', 'zeroed-sector'], least: 3, durable: true },
  'disk that fails': { faults: ['failed-sync', 'disk-error', 'full-disk', 'slow-disk'], least: 3, durable: true },
}

/** What kills processes and is not named so. */
const KILLERS = ['restart-loop', 'short-lives', 'half-campaign', 'retire']

/** The nemeses that the rows name. */
export const EXERCISED: ReadonlySet<string> = new Set(Object.values(KINDS).flatMap(({ faults }) => faults))

/** The command that repeats one run. */
function commandOf({ protocol, seed, layout, durable }: Setting, faults: readonly string[] | null): string {
  const flags = [`-algorithm ${protocol.name}`, `-seed ${seed}`, `-nodes ${layout}`]
  flags.push(`-storage ${durable ? 'disk' : 'memory'}`)
  if (faults) flags.push(`-faults ${faults.join(',')}`)
  return `npm run sim -- ${flags.join(' ')} -trace`
}

function sweep(setting: Setting, faults: readonly string[] | null): void {
  const { protocol, seed, layout, durable } = setting
  const report = run({ protocol, seed, layout, durable, ...(faults ? { faults } : {}) })
  const { violation, invalid } = report
  const struck = Object.values(report.faults).reduce((sum, times) => sum + times, 0)
  if (violation) throw new Error(`${violation.invariant}: ${violation.message}\n${commandOf(setting, faults)}`)
  if (invalid) throw new Error(`the run proves nothing: ${invalid}\n${commandOf(setting, faults)}`)
  if (faults && struck === 0) throw new Error(`none of these faults has struck\n${commandOf(setting, faults)}`)
}

/** Whether something of this kind can happen to so many nodes. */
function possible(kind: Kind, size: number, durable: boolean, inZones: number): boolean {
  const { faults, least = 1, zones = 1, durable: onDisk = false } = kind
  if (size < least || inZones < zones || (onDisk && !durable)) return false
  const kills = faults.some((name) => name.startsWith('crash') || KILLERS.includes(name))
  // Without a disk, a majority must remember.
  if (kills) return durable || size > 2
  // Where nobody dies, memory is a disk that is never slow: a large cluster takes long enough once.
  return durable || size <= 5
}

export const sweeps: readonly Row[] = [
  ...Object.entries(KINDS).map(([name, kind]) => ({
    name: `faults: ${name}`,
    fits: (size: number, durable: boolean, zones: number) => possible(kind, size, durable, zones),
    play: (setting: Setting) => sweep(setting, kind.faults),
  })),
  {
    name: 'faults: all together',
    fits: () => true,
    play: (setting) => {
      for (let more = 0; more < DRAWS; more++) sweep({ ...setting, seed: setting.seed + more * 100 }, null)
    },
  },
]

/** Nemeses that no row names, and names in rows that no nemesis has. */
export function unmatched(nemeses: ReadonlyMap<string, Nemesis> = NEMESES): { missing: string[]; stale: string[] } {
  return {
    missing: [...nemeses.keys()].filter((name) => !EXERCISED.has(name)),
    stale: [...EXERCISED].filter((name) => !nemeses.has(name)),
  }
}
