/** All nemeses, by name. */
import type { Nemesis } from '../arena.ts'
import { bitFlip } from './bit-flip.ts'
import { clockDrift } from './clock-drift.ts'
import { clockFreeze } from './clock-freeze.ts'
import { clockJump } from './clock-jump.ts'
import { coup } from './coup.ts'
import { crashAll } from './crash-all.ts'
import { crashMinority } from './crash-minority.ts'
import { crashOne } from './crash-one.ts'
import { deadPeer } from './dead-peer.ts'
import { delay } from './delay.ts'
import { disconnect } from './disconnect.ts'
import { diskError } from './disk-error.ts'
import { drop } from './drop.ts'
import { duplicate } from './duplicate.ts'
import { failedSync } from './failed-sync.ts'
import { flapping } from './flapping.ts'
import { fullDisk } from './full-disk.ts'
import { halfCampaign } from './half-campaign.ts'
import { lossyLink } from './lossy-link.ts'
import { overload } from './overload.ts'
import { partition4253 } from './partition-4-2-5-3.ts'
import { partitionBridge } from './partition-bridge.ts'
import { partitionChain } from './partition-chain.ts'
import { partitionCloudflare } from './partition-cloudflare.ts'
import { partitionHalves } from './partition-halves.ts'
import { partitionLeader } from './partition-leader.ts'
import { partitionMajority } from './partition-majority.ts'
import { partitionMinority } from './partition-minority.ts'
import { partitionPair } from './partition-pair.ts'
import { partitionRing } from './partition-ring.ts'
import { partitionStar } from './partition-star.ts'
import { partitionZone } from './partition-zone.ts'
import { pause } from './pause.ts'
import { receiveOnly } from './receive-only.ts'
import { relapse } from './relapse.ts'
import { reorder } from './reorder.ts'
import { replay } from './replay.ts'
import { reset } from './reset.ts'
import { restartLoop } from './restart-loop.ts'
import { retire } from './retire.ts'
import { sendOnly } from './send-only.ts'
import { shortLives } from './short-lives.ts'
import { slowDisk } from './slow-disk.ts'
import { slowLink } from './slow-link.ts'
import { slowPeer } from './slow-peer.ts'
import { staleDisk } from './stale-disk.ts'
import { tornTail } from './torn-tail.ts'
import { usurp } from './usurp.ts'
import { wipe } from './wipe.ts'
import { zeroedSector } from './zeroed-sector.ts'

const ALL: readonly Nemesis[] = [
  drop,
  duplicate,
  reorder,
  delay,
  replay,
  slowLink,
  lossyLink,
  flapping,
  partitionHalves,
  partitionMinority,
  partitionMajority,
  partitionLeader,
  partitionZone,
  partitionPair,
  partitionStar,
  partitionChain,
  partitionRing,
  partitionBridge,
  partition4253,
  partitionCloudflare,
  sendOnly,
  receiveOnly,
  crashOne,
  crashMinority,
  crashAll,
  restartLoop,
  shortLives,
  retire,
  deadPeer,
  wipe,
  relapse,
  staleDisk,
  tornTail,
  bitFlip,
  zeroedSector,
  failedSync,
  diskError,
  fullDisk,
  slowDisk,
  pause,
  slowPeer,
  clockJump,
  clockDrift,
  clockFreeze,
  usurp,
  coup,
  halfCampaign,
  overload,
  disconnect,
  reset,
]

export const NEMESES: ReadonlyMap<string, Nemesis> = new Map(ALL.map((nemesis) => [nemesis.name, nemesis]))
