/**
 * The form of a golden file: blocks of commands, a line of dashes, what they made happen, and an empty line. Lines that
 * begin with `#` explain, and stay as they are.
 */

/** The line between commands and their output. */
const DASHES = '----'

/** A command and where it stands. */
export interface Line {
  readonly text: string
  /** Counted from 1. */
  readonly number: number
}

/** Commands with their output. */
export interface Block {
  /** Everything above the dashes, as it was written. */
  readonly head: readonly string[]
  readonly commands: readonly Line[]
  output: readonly string[]
}

/** A file in its parts. */
export interface GoldenFile {
  readonly blocks: readonly Block[]
  /** Comments behind the last block. */
  readonly tail: readonly string[]
}

/**
 * The parts of a file.
 * @throws Error when commands have no line of dashes, or dashes no commands
 */
export function parse(name: string, text: string): GoldenFile {
  const blocks: Block[] = []
  const lines = text.replace(/\n+$/, '').split('\n')
  let head: string[] = []
  let commands: Line[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!.trimEnd()
    if (line !== DASHES) {
      head.push(line)
      if (line !== '' && !line.startsWith('#')) commands.push({ text: line, number: at + 1 })
      continue
    }
    if (commands.length === 0) throw new Error(`${name}:${at + 1}: dashes without a command above them`)
    const output: string[] = []
    while (at + 1 < lines.length && lines[at + 1] !== '') output.push(lines[++at]!)
    // The empty line that ends the output is not part of what follows.
    at += 1
    blocks.push({ head, commands, output })
    head = []
    commands = []
  }
  if (commands.length > 0) throw new Error(`${name}:${commands[0]!.number}: no line ${DASHES} below this command`)
  return { blocks, tail: head }
}

/** The text of a file; the reverse of `parse`. */
export function print({ blocks, tail }: GoldenFile): string {
  const texts = blocks.map(({ head, output }) => [...head, DASHES, ...output].join('\n'))
  if (tail.length > 0) texts.push(tail.join('\n'))
  return `${texts.join('\n\n')}\n`
}
