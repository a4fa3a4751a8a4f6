/** How a server ended that could not go on: honestly, when it says why in one line and with exit code 1. */
import type { Program } from '../support/processes.ts'

/** What is wrong with how a program ended, or null. @param words what its one line must name */
export async function dishonest(program: Program, words: RegExp): Promise<string | null> {
  const { code, signal, stderr } = await program.ended
  const lines = stderr.split('\n').filter(complains)
  if (code === 1 && lines.length === 1 && words.test(lines[0]!)) return null
  return `ended with ${signal ?? code} and said: ${lines.join(' / ') || stderr}`
}

/** Whether a line is an error: plain words, or a line of the log with the level of errors. */
function complains(line: string): boolean {
  return line !== '' && (!line.startsWith('{') || /"level":"(error|fatal)"/.test(line))
}
