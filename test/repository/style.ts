/** The habits of CONTRIBUTING.md that a machine can see: sizes, words, heads of files, honest tests. */
import ts from 'typescript'
import { isTest, lineOf, type Source, walk } from './sources.ts'

const FILE_LINES = 400
const FUNCTION_LINES = 70

/** Put together here, so that this file does not find itself. */
const WORDS = ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK']
const IGNORE = `@ts-${'ignore'}`
const EXPECT_ERROR = `@ts-${'expect-error'}`
const TEST_FUNCTIONS = ['test', 'it', 'describe', 'suite', 'bench']

/** A file that is too long to be read at a sitting. */
export function longFile({ path, text }: Source): string[] {
  const lines = text.trimEnd().split('\n').length
  return lines > FILE_LINES ? [`${path} has ${lines} lines, more than ${FILE_LINES}`] : []
}

/** Functions that do not fit on a screen. The body of a `describe` is a list of tests, not a function to be read. */
export function longFunctions(source: Source): string[] {
  const found: string[] = []
  walk(source.tree, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || !node.body || isSuite(node)) return
    const first = lineOf(source, node.getStart())
    const lines = lineOf(source, node.end) - first + 1
    if (lines > FUNCTION_LINES)
      found.push(`${source.path}:${first}: a function of ${lines} lines, more than ${FUNCTION_LINES}`)
  })
  return found
}

function isSuite(node: ts.Node): boolean {
  return ts.isCallExpression(node.parent) && /^describe\b/.test(node.parent.expression.getText())
}

/** Marks of unfinished work, in any text. */
export function unfinished(path: string, text: string): string[] {
  const word = new RegExp(`\\b(${WORDS.join('|')})\\b`)
  return text.split('\n').flatMap((line, index) => (word.test(line) ? [`${path}:${index + 1}: unfinished work`] : []))
}

/** Ways around the type checker. */
export function untyped(source: Source): string[] {
  const { path, text } = source
  const found: string[] = []
  walk(source.tree, (node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) found.push(`${path}:${lineOf(source, node.getStart())}: any`)
  })
  if (text.includes(IGNORE)) found.push(`${path}: ${IGNORE}`)
  if (text.includes(EXPECT_ERROR) && !/\.test-d\.ts$/.test(path))
    found.push(`${path}: ${EXPECT_ERROR} outside a type test`)
  return found
}

/** Tests that do not run, and tests that keep others from running. Skipping is fine where it is said aloud. */
export function silentTests(source: Source): string[] {
  const { path, text } = source
  if (!isTest(path)) return []
  const loud = /SKIPPED|\(skipped /.test(text)
  const found: string[] = []
  walk(source.tree, (node) => {
    if (!ts.isPropertyAccessExpression(node) || !startsWithTest(node.expression)) return
    const name = node.name.text
    const conditional = name === 'skipIf' || name === 'runIf'
    const silent = ['only', 'skip', 'todo'].includes(name) || (conditional && !loud)
    if (silent)
      found.push(`${path}:${lineOf(source, node.getStart())}: .${name}${conditional ? ' without a word' : ''}`)
  })
  return found
}

/** `test`, `test.concurrent`, `describe.each(…)`. */
function startsWithTest(node: ts.Expression): boolean {
  if (ts.isIdentifier(node)) return TEST_FUNCTIONS.includes(node.text)
  return (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) && startsWithTest(node.expression)
}

/** A file that does not open with a comment on what it is. A program's first line may name its interpreter. */
export function headless(path: string, text: string): string[] {
  const start = text.replace(/^#!.*\n/, '')
  const comment = /^(\/\*\*?([\s\S]*?)\*\/|(\/\/.*\n)+|(#.*\n)+)/.exec(start)?.[0] ?? ''
  const words = comment.match(/[A-Za-z]{2,}/g) ?? []
  return words.length >= 3 ? [] : [`${path} does not open with a comment that says what it is`]
}

/** What `src/index.ts` exports without a docstring, by the compiler's own word. */
export function undocumented(root: string, entry: string): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    types: ['node'],
  }
  const program = ts.createProgram([root + entry], options)
  const checker = program.getTypeChecker()
  const file = program.getSourceFile(root + entry)
  const symbol = file && checker.getSymbolAtLocation(file)
  if (!symbol) return [`${entry} is no module`]
  return checker.getExportsOfModule(symbol).flatMap((exported) => {
    const original = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
    const text = ts.displayPartsToString(original.getDocumentationComment(checker)).trim()
    return text === '' ? [`${entry} exports ${exported.name} without a docstring`] : []
  })
}
