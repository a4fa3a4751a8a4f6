/** How often a quantity fell below each of some bounds. To observe costs an increment; a scrape makes a histogram of it. */

export class Distribution {
  /** Upper bounds, inclusive, from low to high. */
  readonly bounds: readonly number[]
  /** How many values fell to each bound and to none below; the last is for those above all bounds. */
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const { bounds } = this
    let index = 0
    while (index < bounds.length && value > bounds[index]!) index += 1
    this.counts[index]! += 1
    this.sum += value
  }
}
