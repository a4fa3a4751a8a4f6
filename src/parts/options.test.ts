/** Whole-number options: defaults, bounds, and names that do not exist. */
import { describe, expect, it } from 'vitest'
import { SynodError } from '../errors.ts'
import { integerOptions } from './options.ts'

const SPEC = { batch: { least: 1, most: 100, default: 10 }, retain: { least: 0, most: 2 ** 40, default: 0 } } as const
const read = (given: Record<string, unknown>) => integerOptions('protocols.x', SPEC, given)

function refusal(given: Record<string, unknown>): string {
  try {
    return `took ${JSON.stringify(read(given))}`
  } catch (error) {
    if (!(error instanceof SynodError)) return `threw ${String(error)}`
    return `${error.code}: ${error.message}`
  }
}

describe('integerOptions', () => {
  it('fills in the defaults, and keeps what is given', () => {
    expect(read({})).toEqual({ batch: 10, retain: 0 })
    expect(read({ batch: 1 })).toEqual({ batch: 1, retain: 0 })
    expect(read({ batch: 100, retain: 2 ** 40 })).toEqual({ batch: 100, retain: 2 ** 40 })
    expect(read({ batch: undefined })).toEqual({ batch: 10, retain: 0 })
  })

  it.each([0, 101, -1, 1.5, '5', true, null, [[]], {}])('refuses batch = %j and says what it is', (batch) => {
    const wanted = 'config: protocols.x.batch: must be a whole number from 1 to 100'
    expect(refusal({ batch })).toBe(`${wanted}, not ${JSON.stringify(batch)}`)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %s', (batch) => {
    expect(refusal({ batch })).toContain('config: protocols.x.batch: must be a whole number from 1 to 100')
  })

  it.each(['Batch', 'toString', 'constructor', ''])(
    'refuses the unknown option %j and names those there are',
    (name) => {
      expect(refusal({ [name]: 1 })).toBe(
        `config: protocols.x.${name}: there is no such option; there are batch, retain`,
      )
    },
  )

  it('refuses __proto__ as JSON.parse gives it', () => {
    expect(refusal(JSON.parse('{"__proto__": {"batch": 1}}'))).toContain('config: protocols.x.__proto__:')
  })
})
