/** Rows of cut networks. The cut is made around whoever leads; the demands follow from who reaches whom. */
import type { NodeId } from '../../src/node-id.ts'
import { demandProgress } from './progress.ts'
import type { Row } from './row.ts'
import { Stage } from './stage.ts'

/** Whether the link from one node to another is kept; nodes by their place, at 0 the leader where there is one. */
type Joined = (from: number, to: number, size: number) => boolean

/** The same for both directions. */
function both(joined: Joined): Joined {
  return (from, to, size) => joined(from, to, size) && joined(to, from, size)
}

const sameSide = (inside: (place: number, size: number) => boolean): Joined =>
  both((from, to, size) => inside(from, size) === inside(to, size))

const minority = (size: number) => Math.floor((size - 1) / 2)

/** A line of nodes, with the leader at one end or in the middle. */
const nextTo: Joined = (from, to) => Math.abs(from - to) <= 1
const around: Joined = (from, to, size) => nextTo(from, to, size) || Math.abs(from - to) === size - 1
/** Moves the leader from the first place to another. */
const placed =
  (place: (size: number) => number, joined: Joined): Joined =>
  (from, to, size) => {
    const at = (index: number) => (index + place(size)) % size
    return joined(at(from), at(to), size)
  }
const middle = (size: number) => Math.floor(size / 2)
/** All links to and from the first node. */
const star: Joined = (from, to) => from === 0 || to === 0
/** Two groups, and one node in the middle of the row that reaches both. */
const bridge: Joined = (from, to, size) => {
  const side = (place: number) => Math.sign(place - middle(size))
  return side(from) * side(to) >= 0
}

interface Shape {
  readonly joined: Joined
  /** With fewer nodes it is another one. */
  readonly least: number
}

/** Full partitions, also of one direction. */
const FULL: Readonly<Record<string, Shape>> = {
  'leader cut off': { joined: sameSide((place) => place === 0), least: 2 },
  'leader deaf': { joined: (from, to) => to !== 0 || from === 0, least: 2 },
  'leader mute': { joined: (from, to) => from !== 0 || to === 0, least: 2 },
  'follower cut off': { joined: sameSide((place) => place === 1), least: 3 },
  'leader in the minority': { joined: sameSide((place, size) => place < minority(size)), least: 5 },
  'leader in the majority': { joined: sameSide((place, size) => place >= size - minority(size)), least: 5 },
  'leader in the smaller of three parts': {
    joined: both((from, to) => Math.floor((from + 1) / 2) === Math.floor((to + 1) / 2)),
    least: 4,
  },
  'all apart': { joined: () => false, least: 2 },
}

/** Partial ones: who is joined to whom depends on whom you ask. */
const PARTIAL: Readonly<Record<string, Shape>> = {
  'star around the leader': { joined: star, least: 3 },
  'star around a follower': { joined: placed(() => 1, star), least: 3 },
  'chain, leader in the middle': { joined: placed(middle, nextTo), least: 3 },
  'chain, leader at the end': { joined: nextTo, least: 3 },
  ring: { joined: around, least: 4 },
  'bridge at the leader': { joined: placed(middle, bridge), least: 5 },
  'bridge at a follower': { joined: bridge, least: 5 },
  // Howard & Abraham, "Raft does not Guarantee Liveness in the face of Network Faults", 2020: three reach each other, the
  // fourth only the second, the fifth only the third, who leads. With more nodes the three are a majority.
  '4-2 5-3': {
    joined: (from, to, size) => {
      const core = middle(size) + 1
      return (from < core && to < core) || Math.abs(from - to) === core
    },
    least: 5,
  },
  // Cloudflare's outage of November 2020: the leader and one follower do not hear each other, a third hears both.
  'one link of the leader': { joined: both((from, to) => from !== 0 || to !== 1), least: 3 },
  'one link, one way': { joined: (from, to) => from !== 0 || to !== 1, least: 3 },
}

/** A way to cut the network of a stage, and what it makes of it. */
export interface Cut {
  readonly kind: 'partition' | 'partial'
  readonly name: string
  readonly least: number
  cut(stage: Stage): void
}

function cuts(kind: Cut['kind'], shapes: Readonly<Record<string, Shape>>): Cut[] {
  return Object.entries(shapes).map(([name, { joined, least }]) => ({
    kind,
    name,
    least,
    cut(stage) {
      const order = stage.order()
      stage.keep((from, to) => joined(order.indexOf(from), order.indexOf(to), order.length))
    },
  }))
}

export const SHAPES: readonly Cut[] = [...cuts('partition', FULL), ...cuts('partial', PARTIAL)]

function rowOf({ kind, name, least, cut }: Cut): Row {
  return {
    name: `${kind}: ${name}`,
    fits: (size) => size >= least,
    play: (setting) => {
      const stage = new Stage(setting)
      stage.serves(stage.running)
      cut(stage)
      demandProgress(stage)
      stage.recovers()
    },
  }
}

/** The zone of the leader is cut from the others, then all zones from each other. */
const zones: Row = {
  name: 'partition: zone cut',
  fits: (_size, _durable, zones) => zones > 1,
  play: (setting) => {
    const stage = new Stage(setting)
    const apart = (side: (id: NodeId) => number) => {
      stage.keep((from, to) => side(from) === side(to))
      demandProgress(stage)
      stage.recovers()
    }
    const { zone } = stage.order()[0]!
    apart((id) => Number(id.zone === zone))
    apart((id) => id.zone)
  },
}

/** The links of the leader come and go: the others can do without it, and all can once that ends. */
const flapping: Row = {
  name: 'partial: flapping',
  fits: (size) => size > 1,
  play: (setting) => {
    const stage = new Stage(setting)
    const [first, ...others] = stage.order() as [NodeId, ...NodeId[]]
    const { network, world } = stage.scenario
    let on = true
    const flap = (cut: boolean) => {
      network.heal()
      if (!on) return
      if (cut) stage.keep((from, to) => from !== first && to !== first)
      world.after(world.chooser.between(50, 700), () => flap(!cut))
    }
    flap(true)
    for (let time = 0; time < 4 && stage.promises(others); time++) {
      stage.serves(others)
      stage.scenario.run(500)
    }
    on = false
    stage.recovers()
  },
}

export const partitions: readonly Row[] = [...SHAPES.map(rowOf), zones, flapping]
