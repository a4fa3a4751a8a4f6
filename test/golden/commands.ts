/** The commands of golden files; README.md lists them for who writes one. */

import { READ_MODES, type ReadMode } from '../../src/request.ts'
import { bytesText } from '../../src/sim/format.ts'
import { slotted } from '../../src/sim/invariants/slotted.ts'
import { roleOf } from '../../src/sim/looks.ts'
import type { Process } from '../../src/sim/process.ts'
import { condition, pattern } from './condition.ts'
import { registersOf } from './registers.ts'
import type { Scene } from './scene.ts'

/** Does what the words ask for. Throws when they make no sense, or demand what does not hold. */
export type Command = (scene: Scene, words: readonly string[]) => void

/** How long `wait` waits, in virtual milliseconds. */
const PATIENCE_MS = 10_000

/** How long a node that retires may take to hand over. */
const RETIRE_MS = 1000

/** A replica that can be told to campaign, by itself or by the part that elects. */
interface Campaigner {
  readonly promised?: number
  campaign?(): void
  readonly election?: { campaign(highest: number): void }
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  start(scene) {
    for (const process of scene.scenario.processes) process.boot()
    scene.scenario.until('the roll call', () => scene.scenario.processes.every(({ node }) => node?.memory != null))
    scene.look()
    // Every scenario begins like this; nobody wants to read it each time.
    scene.trace.take()
  },

  cut(scene, [a, b]) {
    const [from, to] = a?.split('->') ?? []
    if (to === undefined) scene.scenario.cut(scene.process(a).id.name, scene.process(b).id.name)
    else scene.scenario.network.cut(scene.process(from).id, scene.process(to).id)
  },

  isolate(scene, [name]) {
    scene.scenario.cutOff(scene.process(name).id.name)
  },

  heal(scene) {
    scene.scenario.network.heal()
    scene.tap.clear()
  },

  drop: (scene, words) => intercept(scene, words, 'dropped'),
  hold: (scene, words) => intercept(scene, words, 'held'),

  release(scene, [last]) {
    if (last !== undefined && last !== '&') throw new Error(`${last} is one word too many`)
    if (scene.tap.release() === 0) throw new Error('nothing is held')
    if (last !== '&') scene.settle()
  },

  crash(scene, [name, kept]) {
    scene.process(name).crash(kept === undefined ? undefined : keptOf(scene.process(name), kept))
    scene.look()
  },

  retire(scene, [name]) {
    scene.process(name).retire(RETIRE_MS)
    scene.settle()
    scene.look()
  },

  boot(scene, [name]) {
    scene.process(name).boot()
    scene.settle()
  },

  wipe(scene, [name]) {
    const process = scene.process(name)
    if (process.alive) throw new Error(`${name} lives; crash it first`)
    process.disk.wipe()
  },

  pause: (scene, [name]) => scene.process(name).pause(),

  resume(scene, [name]) {
    scene.process(name).resume()
    scene.look()
    scene.settle()
  },

  put(scene, [name, key, value, last]) {
    if (key === undefined || value === undefined) throw new Error('put NODE KEY VALUE [&]')
    operate(scene, scene.process(name), key, value, last)
  },

  get(scene, [name, key, ...rest]) {
    if (key === undefined) throw new Error('get NODE KEY [leader|quorum|any] [&]')
    const read = READ_MODES.find((mode) => mode === rest[0]) ?? ''
    operate(scene, scene.process(name), key, null, rest[read === '' ? 0 : 1], read)
  },

  campaign(scene, words) {
    // Several at once duel.
    for (const process of words.map((name) => scene.process(name))) {
      process.node?.setTimer(0, () => campaign(process))
    }
    scene.settle()
  },

  wait(scene, words) {
    const ms = /^(\d+)ms$/.exec(words[0] ?? '')?.[1]
    if (ms !== undefined) scene.scenario.run(Number(ms))
    else scene.scenario.until(words.join(' '), condition(scene, words), PATIENCE_MS)
  },

  expect(scene, words) {
    if (!condition(scene, words)()) throw new Error(`this does not hold: ${words.join(' ')}`)
  },

  show(scene, words) {
    for (const name of words) scene.trace.hidden.delete(name)
  },

  hide(scene, words) {
    for (const name of words) scene.trace.hidden.add(name)
  },

  state(scene) {
    for (const process of scene.scenario.processes) scene.trace.note(stateOf(scene, process))
  },

  log(scene, names) {
    const processes = names.length > 0 ? names.map((name) => scene.process(name)) : scene.scenario.processes
    for (const process of processes) for (const line of logOf(scene, process)) scene.trace.note(line)
  },
}

/** How many of the records that are not safe yet a crash is to keep: `kept=N`, of which there must be more. */
function keptOf({ disk }: Process, word: string): number {
  const kept = Number(/^kept=(\d+)$/.exec(word)?.[1] ?? Number.NaN)
  const unsafe = disk.marks.appended - disk.marks.synced
  if (!(kept < unsafe)) throw new Error(`crash NODE kept=N keeps a part of what is not safe: ${unsafe} records now`)
  return kept
}

function intercept(scene: Scene, words: readonly string[], fate: 'dropped' | 'held'): void {
  const times = words.find((word) => word.startsWith('times='))
  const rest = words.filter((word) => word !== times)
  scene.tap.rule(fate, pattern(scene, rest), times ? Number(times.slice('times='.length)) : Number.POSITIVE_INFINITY)
}

/** An operation; waits for the answers of all that are open unless the last word says `&`. */
function operate(
  scene: Scene,
  { id }: Process,
  key: string,
  value: string | null,
  last: string | undefined,
  read: ReadMode = '',
): void {
  if (last !== undefined && last !== '&') throw new Error(`${last} is one word too many`)
  scene.clients.send(id.name, key, value, read)
  if (last === '&') return
  scene.scenario.until('an answer', () => !scene.clients.waiting, PATIENCE_MS)
  scene.settle()
}

function campaign({ id, replica }: Process): void {
  const campaigner = replica as Campaigner | null
  if (campaigner?.campaign) campaigner.campaign()
  else if (campaigner?.election) campaigner.election.campaign(campaigner.promised ?? 0)
  else throw new Error(`${id.name} cannot campaign: it has neither campaign() nor election.campaign(highest)`)
}

function stateOf(scene: Scene, process: Process): string {
  const { id, store } = process
  const role = `${id.name}: ${roleOf(process, scene.format)}`
  const log = slotted(process)?.log
  const marks = log ? `, floor ${log.floor}, executed ${log.executed}, end ${log.end}` : ''
  const values = [...scene.scenario.clients.keys].sort().flatMap((key) => {
    const value = store?.get(key).value
    return value ? [`${key}=${bytesText(value)}`] : []
  })
  const held = registersOf(process, scene.scenario.clients.keys, scene.format).join(', ') || values.join(' ')
  return process.alive ? `${role}${marks}; ${held || 'empty'}` : role
}

function logOf(scene: Scene, process: Process): string[] {
  const log = slotted(process)?.log
  if (!log) return [`${process.id.name}: no log`]
  const lines = [`${process.id.name}: slots ${log.floor} to ${log.end}`]
  for (let slot = log.floor; slot < log.end; slot++) {
    const entry = log.get(slot)
    const mark = slot < log.executed ? 'executed' : entry?.chosen ? 'chosen' : 'voted'
    const commands = entry?.commands.length ? scene.format.value(entry.commands) : 'no-op'
    lines.push(entry ? `  ${slot}: ${mark} at ${scene.format.value(entry.ballot)} ${commands}` : `  ${slot}: nothing`)
  }
  return lines
}
