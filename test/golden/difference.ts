/** What differs between the output that a golden file shows and the output that it had: readable, the first one first. */
import type { GoldenFile } from './file.ts'

/** The first difference, line by line, with `-` for what the file says and `+` for what happened; null for none. */
export function difference(name: string, expected: GoldenFile, actual: GoldenFile): string | null {
  const differing = expected.blocks.flatMap((block, index) => {
    const got = actual.blocks[index]!.output
    return got.join('\n') === block.output.join('\n') ? [] : [{ block, got }]
  })
  const [first, ...others] = differing
  if (!first) return null
  const { block, got } = first
  const more = others.length > 0 ? [`(and the outputs of ${others.length} later blocks)`] : []
  const commands = [...block.commands.map(({ text }) => text), '----'].map((line) => `    ${line}`)
  const lines = compare(block.output, got).map((line) => `  ${line}`)
  return [
    `${name}:${block.commands[0]!.number}: another output than the file has`,
    ...commands,
    ...lines,
    ...more,
  ].join('\n')
}

/** Both lists in one, by their longest common subsequence. */
function compare(before: readonly string[], after: readonly string[]): string[] {
  const width = after.length + 1
  const lengths = new Uint32Array((before.length + 1) * width)
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const same = before[i] === after[j]
      lengths[i * width + j] = same
        ? 1 + lengths[(i + 1) * width + j + 1]!
        : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!)
    }
  }
  const lines: string[] = []
  let i = 0
  let j = 0
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push(`  ${before[i++]}`)
      j += 1
    } else if (
      j >= after.length ||
      (i < before.length && lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!)
    ) {
      lines.push(`- ${before[i++]}`)
    } else {
      lines.push(`+ ${after[j++]}`)
    }
  }
  return lines
}
