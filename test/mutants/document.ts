/** Writes docs/mutants.md: the mutants, and what found each of them. */
import type { Judgement } from './hunt.ts'

const HEAD = `# Mutants

A checker that has never found a mistake proves nothing. So mistakes that have been made, or that are easily made, are
kept as patches in \`test/mutants/\`, and the simulator has to find each of them within 200 seeds. The first line of a
patch says which mistake it is. Where the simulator has parts of its own, as for the use of files, or none, as for directories
of an earlier cluster, the tests beside the code have to find it; then there is no seed, and \`runs\` is how many tests there are.

The npm script \`mutants\` applies each patch to a copy of the sources and runs seeds from 1 on until an invariant is
violated; it ends with \`N passed, M failed\`. With \`-only NAME\` it judges one of them, with \`-patch FILE\` one of your
own, as \`git diff\` prints it. A patch that touches a protocol is judged by that protocol's runs, one of the core by
those of Paxos and, where they show nothing, by those of ABD. With \`-document\` it writes this table anew: the seeds
change with the sources.

| mutant | mistake | found by | seed | runs |
|---|---|---|---|---|
`

/** The document's text, from the judgements of all mutants. */
export function document(judgements: readonly Judgement[]): string {
  return HEAD + judgements.map((judgement) => `| ${cellsOf(judgement).join(' | ')} |\n`).join('')
}

function cellsOf(judgement: Judgement): (string | number)[] {
  const { name, mistake } = judgement.patch
  const cells = [`\`${name}\``, mistake.replaceAll('|', '\\|')]
  if (!('found' in judgement) || !judgement.found) return [...cells, 'nothing', '', '']
  return [...cells, judgement.found.invariant, judgement.found.seed || '', judgement.runs]
}
