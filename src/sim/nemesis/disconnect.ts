/** Clients go away while they wait; some ask again elsewhere, which is another operation. */
import type { Nemesis } from '../arena.ts'

export const disconnect: Nemesis = {
  name: 'disconnect',
  strike({ clients, chooser, world }) {
    let on = true
    const again = () => {
      if (!on) return
      clients.disconnect(chooser.between(0.1, 1))
      world.after(chooser.between(1, 200), again)
    }
    again()
    return () => {
      on = false
    }
  },
}
