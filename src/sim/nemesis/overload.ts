/** Far more requests than a node takes, all at once, to one node after the other; all but a few must be refused. */
import type { Nemesis } from '../arena.ts'

/** Nodes that take more than this are not overloaded in a short run. */
const MOST_REQUESTS = 64

/** How often a strike floods. */
const FLOODS = 6

/** Floods ask for a key of their own, and under clients' numbers of their own. */
const KEY = 'flood'
const FIRST_CLIENT = 10_000

export const overload: Nemesis = {
  name: 'overload',
  applies: ({ nodeOptions }) => nodeOptions.maxRequests <= MOST_REQUESTS,
  strike({ clients, chooser, world, processes, nodeOptions }) {
    if (nodeOptions.maxRequests > MOST_REQUESTS) return null
    let left = FLOODS
    const flood = () => {
      if (left-- <= 0) return
      const process = chooser.pick(processes)
      for (let i = 0; i < 3 * nodeOptions.maxRequests; i++)
        clients.operate(FIRST_CLIENT + clients.begun, process, KEY, chooser.chance(0.5) ? 'put' : 'get', () => {})
      world.after(chooser.between(1, 100), flood)
    }
    flood()
    return () => {
      left = 0
    }
  },
}
