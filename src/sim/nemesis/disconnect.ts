/** Clients go away while they wait; some ask again elsewhere, which is another operation. */
import type { Nemesis } from '../arena.ts'

export const disconnect: Nemesis = {
  name: 'disconnect',
  strike({ clients, chooser, world }) {
    let on = true
    const again = () => {
      if (!on) return
      const share = chooser.between(0.1, 1)
      clients.disconnect(() => chooser.chance(share))
      world.after(chooser.between(1, 200), again)
    }
    again()
    return () => {
      on = false
    }
  },
}
