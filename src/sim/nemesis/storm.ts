/** What faults of all links at once share: the weather gets worse, each time by another amount. */
import type { Arena, Nemesis } from '../arena.ts'
import type { Weather } from '../network.ts'

type Between = (least: number, most: number) => number

/** A nemesis that draws how bad the weather gets. */
export function storm(name: string, draw: (between: Between) => Partial<Weather>): Nemesis {
  return {
    name,
    applies: ({ cluster }: Arena) => cluster.size > 1,
    strike: ({ network, chooser }) => network.worsen(draw((least, most) => chooser.between(least, most))),
  }
}
