/** What the files of a data directory are called. */

/** The two kinds of files that hold records. */
export type Kind = 'log' | 'snapshot'

const NAME = /^(log|snapshot)-([1-9][0-9]*)$/

/** Which file with records a name stands for; null for other names. */
export function parseName(name: string): { readonly kind: Kind; readonly number: number } | null {
  const match = NAME.exec(name)
  return match && { kind: match[1] as Kind, number: Number(match[2]) }
}

/** Where a file with records is. */
export function pathOf(directory: string, kind: Kind, number: number): string {
  return `${directory}/${kind}-${number}`
}

/** The numbers of the files of one kind among these names, ascending. */
export function numbersOf(names: Iterable<string>, kind: Kind): number[] {
  const numbers = [...names].flatMap((name) => {
    const parsed = parseName(name)
    return parsed?.kind === kind ? [parsed.number] : []
  })
  return numbers.sort((a, b) => a - b)
}
