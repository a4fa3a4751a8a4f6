/** Plays a golden file: runs its commands in order and gives the file with the output that they had. */
import type { Module } from '../../src/codec/schema.ts'
import type { Protocol } from '../../src/replica.ts'
import { COMMANDS } from './commands.ts'
import { type GoldenFile, type Line, parse } from './file.ts'
import { Scene, setupOf } from './scene.ts'

/** How many lines of output are shown with a command that fails. */
const SHOWN = 30

/**
 * Runs the scenario of a file, and has the invariants judge it.
 * @throws Error that names the line of a command that makes no sense, or demands what does not hold, or after which an
 *   invariant is violated
 */
export function play(protocol: Protocol, messages: Module, name: string, text: string): GoldenFile {
  const file = parse(name, text)
  const player = new Player(protocol, messages)
  try {
    const blocks = file.blocks.map((block) => ({ ...block, output: player.run(block.commands) }))
    player.judge()
    return { ...file, blocks }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const output = player.output.slice(-SHOWN).map((line) => `    ${line}`)
    throw new Error([`${name}:${player.at.number}: ${player.at.text}: ${message}`, ...output].join('\n'))
  }
}

/** One run of a file. */
class Player {
  /** The command at hand. */
  at: Line = { text: '', number: 1 }
  readonly #protocol: Protocol
  readonly #messages: Module
  #scene: Scene | null = null
  /** The output of the commands at hand that are done. */
  #output: string[] = []

  constructor(protocol: Protocol, messages: Module) {
    this.#protocol = protocol
    this.#messages = messages
  }

  /** The output so far of the commands at hand. */
  get output(): readonly string[] {
    return [...this.#output, ...(this.#scene?.trace.take() ?? [])]
  }

  /** Runs the commands of a block; gives their output. */
  run(commands: readonly Line[]): readonly string[] {
    this.#output = []
    if (this.#scene) this.#scene.trace.sent = []
    for (const line of commands) {
      this.at = line
      this.#command(line.text.split(/\s+/))
      this.#output.push(...(this.#scene?.trace.take() ?? []))
    }
    return this.#output.length > 0 ? this.#output : ['ok']
  }

  /** Has the invariants judge the whole run. */
  judge(): void {
    if (!this.#scene) throw new Error('the file has no cluster')
    this.#scene.judge()
  }

  #command([name = '', ...words]: readonly string[]): void {
    if (name === 'cluster') {
      if (this.#scene) throw new Error('there is a cluster already')
      const pairs = words.map((word) => word.split('=') as [string, string])
      this.#scene = new Scene(this.#protocol, this.#messages, setupOf(new Map(pairs)))
      return
    }
    const command = COMMANDS[name]
    if (!command) throw new Error(`no such command; there are cluster, ${Object.keys(COMMANDS).join(', ')}`)
    if (!this.#scene) throw new Error('cluster comes first')
    command(this.#scene, words)
  }
}
