/** Checks a protocol's options: whole numbers within bounds, each with a default. */
import { SynodError } from '../errors.ts'

/** What one option may be: a whole number from `least` to `most`; `default` when it is left out. */
export interface IntegerOption {
  readonly least: number
  readonly most: number
  readonly default: number
}

/**
 * The given options with the defaults of those left out.
 * @param where the place in the configuration, for the error: `protocols.paxos`
 * @throws SynodError `config` when an option is unknown, no whole number, or out of bounds
 */
export function integerOptions<S extends Readonly<Record<string, IntegerOption>>>(
  where: string,
  spec: S,
  given: Readonly<Record<string, unknown>>,
): { readonly [K in keyof S]: number } {
  const known = Object.keys(spec).join(', ')
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(spec, name)) {
      throw new SynodError(
        'config',
        `${where}.${name}: there is no such option; there ${known === '' ? 'is none' : `are ${known}`}`,
      )
    }
  }
  const entries = Object.entries(spec).map(([name, option]) => {
    const value = given[name] === undefined ? option.default : given[name]
    if (!Number.isInteger(value) || (value as number) < option.least || (value as number) > option.most) {
      throw new SynodError(
        'config',
        `${where}.${name}: must be a whole number from ${option.least} to ${option.most}, not ${typeof value === 'bigint' ? value : JSON.stringify(value)}`,
      )
    }
    return [name, value] as const
  })
  return Object.fromEntries(entries) as { [K in keyof S]: number }
}
