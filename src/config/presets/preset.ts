/** Measured round trips between places, which a configuration may name instead of writing them down. */

/** See the file's head. */
export interface Preset {
  readonly regions: readonly string[]
  /** The round trip between two of the regions, as measured from the first. */
  roundTripMs(from: string, to: string): number
}

/** Takes a table: a row has a region's name and its round trips to all regions, in the order of the rows. */
export function presetOf(table: string): Preset {
  const rows = table
    .trim()
    .split('\n')
    .map((row) => row.split(/ +/))
  const index = new Map(rows.map(([name], i) => [name!, i]))
  return {
    regions: [...index.keys()],
    roundTripMs: (from, to) => Number(rows[index.get(from)!]![index.get(to)! + 1]),
  }
}
