/**
 * One suite for every protocol: it plays each kind of fault on each layout, and demands safety always and progress
 * exactly where the protocol's own `progress` promises it.
 */
import { relative } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { SynodError } from '../../src/errors.ts'
import type { Protocol } from '../../src/replica.ts'
import { CONTRACT, tolerates } from './contract.ts'
import { type Gap, Gaps } from './gaps.ts'
import { outages } from './outages.ts'
import { partitions } from './partitions.ts'
import { restarts } from './restarts.ts'
import { cellName, type Row, type Setting } from './row.ts'
import { clusterOf } from './stage.ts'
import { sweeps } from './sweeps.ts'

export const ROWS: readonly Row[] = [...sweeps, ...partitions, ...outages, ...restarts]

/** What protocols are tried on unless they say otherwise; the simulator draws others, too. */
const USUAL = ['1x1', '1x3', '3x1', '1x5', '3x3']

/** How a protocol's suite differs from the others'. */
export interface ConformanceOptions {
  /** Known gaps. */
  readonly skip?: readonly Gap[]
  /** Names of `LAYOUTS` that the protocol is for; the usual five by default. */
  readonly layouts?: readonly string[]
  /** How many seeds each test plays; one by default. The environment's CONFORMANCE_SEEDS goes before it. */
  readonly seeds?: number
}

/**
 * How many seeds each test plays.
 * @throws SynodError `config` for anything but a positive integer: without a seed every test would pass
 */
export function seedsOf({ seeds = 1 }: ConformanceOptions, environment: string | undefined): number {
  if (environment === undefined) return positive('seeds', seeds)
  return positive('CONFORMANCE_SEEDS', /^\d+$/.test(environment) ? Number(environment) : environment)
}

function positive(name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && Number(value) >= 1) return Number(value)
  throw new SynodError(
    'config',
    `${name} must be an integer of at least 1, not ${typeof value === 'string' ? JSON.stringify(value) : value}`,
  )
}

/** Declares the tests of a protocol, and prints after them what it promises and what was skipped. */
export function conformance(protocol: Protocol, options: ConformanceOptions = {}): void {
  const { skip = [], layouts = USUAL } = options
  const seeds = seedsOf(options, process.env.CONFORMANCE_SEEDS)
  const gaps = new Gaps(skip)
  describe(`conformance of ${protocol.name}`, () => {
    const declare = (name: string, play: () => void) => {
      const reason = gaps.reasonFor(name)
      it(name, (context) => {
        if (reason !== null) context.skip(reason)
        play()
      })
    }
    for (const [name, check] of Object.entries(CONTRACT)) declare(name, () => check(protocol, layouts))
    let first = 1
    for (const row of ROWS) {
      for (const layout of layouts) {
        for (const durable of [true, false]) {
          const { size, zones } = clusterOf(layout)
          if (!row.fits(size, durable, zones.size)) continue
          // Other seeds in each test, so that all together are a wide sweep.
          const from = first++ * 1000
          declare(cellName(row.name, layout, durable), () => {
            for (let seed = from; seed < from + seeds; seed++) play(row, { protocol, layout, durable, seed })
          })
        }
      }
    }
    it('skips tests that there are, for a reason', () => {
      expect(gaps.unknown).toEqual([])
      expect(skip.filter(({ reason }) => reason.trim() === '')).toEqual([])
    })
    afterAll(() => console.log([promiseOf(protocol, layouts), ...gaps.lines].join('\n  ')))
  })
}

/** Plays a row; what goes wrong names the seed, and the command that repeats the test. */
function play(row: Row, setting: Setting): void {
  try {
    row.play(setting)
  } catch (error) {
    const { testPath = '', currentTestName } = expect.getState()
    const seeds = process.env.CONFORMANCE_SEEDS ? `CONFORMANCE_SEEDS=${process.env.CONFORMANCE_SEEDS} ` : ''
    const file = relative(process.cwd(), testPath)
    const name = currentTestName?.split(' > ').join(' ')
    const message = error instanceof Error ? error.message : String(error)
    const command = `${seeds}npx vitest run ${file} -t '${name}'`
    throw new Error(`${message}\nseed ${setting.seed}; again: ${command}`, { cause: error })
  }
}

/** In one line, how many nodes may be dead. */
export function promiseOf(protocol: Protocol, layouts: readonly string[]): string {
  const parts = layouts.map((layout) => {
    const { any, some } = tolerates(protocol, layout)
    const size = clusterOf(layout).members.length
    return `${layout} ${any} of ${size}${some > any ? ` (the right ${some})` : ''}`
  })
  return `${protocol.name} promises progress while so many are dead: ${parts.join(', ')}`
}
