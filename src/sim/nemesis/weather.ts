/** Loss, repetition, reordering and long delays, on all links. */
import type { Nemesis } from '../arena.ts'
import { CALM, type Weather } from '../network.ts'

function storm(name: string, draw: (between: (least: number, most: number) => number) => Partial<Weather>): Nemesis {
  return {
    name,
    strike({ network, chooser }) {
      const change = draw((least, most) => chooser.between(least, most))
      Object.assign(network.weather, change)
      return () => {
        for (const key of Object.keys(change) as (keyof Weather)[]) network.weather[key] = CALM[key]
      }
    },
  }
}

export const weather: readonly Nemesis[] = [
  storm('drop', (between) => ({ drop: between(0.01, 0.4) })),
  storm('duplicate', (between) => ({ duplicate: between(0.01, 0.5) })),
  storm('reorder', (between) => ({ reorder: between(0.05, 1), mostDelay: between(1, 30) })),
  storm('delay', (between) => ({ mostDelay: between(5, 100), tail: between(0, 0.1) })),
]
