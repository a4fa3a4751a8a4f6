/** The files of the repository, as its rules see them: paths, texts and syntax trees. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** The project's root, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** A TypeScript file. */
export interface Source {
  /** From the root, with slashes: `src/node.ts`. */
  readonly path: string
  readonly text: string
  readonly tree: ts.SourceFile
}

/** An import or re-export of a file. */
export interface Import {
  /** As written: `../errors.ts`, `node:fs`. */
  readonly specifier: string
  /** From the root if the specifier is relative, else null. */
  readonly target: string | null
  /** Whether nothing of it is left when the program runs. */
  readonly typeOnly: boolean
  readonly line: number
}

/** The paths of all files under version control, or about to be; those deleted in the work tree are left out. */
export function trackedPaths(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT })
  const paths = new Set(listed.toString('utf8').split('\0'))
  return [...paths].filter((path) => path !== '' && existsSync(ROOT + path)).sort()
}

/** The text of a tracked file. */
export function textOf(path: string): string {
  return readFileSync(ROOT + path, 'utf8')
}

/** A source from a path and its text, which may be made up. */
export function sourceOf(path: string, text: string): Source {
  return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) }
}

/** Whether a file is a test, or there for tests alone. */
export function isTest(path: string): boolean {
  return /\.test(-d)?\.ts$|(^|\/)testing\/|^test\//.test(path)
}

/** The line of a node, counted from 1. */
export function lineOf({ tree }: Source, position: number): number {
  return tree.getLineAndCharacterOfPosition(position).line + 1
}

/** Calls `visit` with each node of a tree, parents first. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

/** All imports of a file: static, dynamic, re-exports, and types such as `import('./a.ts').A`. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = []
  const add = (node: ts.Node | undefined, typeOnly: boolean) => {
    if (!node || !ts.isStringLiteralLike(node)) return
    const specifier = node.text
    const target = specifier.startsWith('.') ? resolve(source.path, specifier) : null
    found.push({ specifier, target, typeOnly, line: lineOf(source, node.getStart()) })
  }
  walk(source.tree, (node) => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false)
  })
  return found
}

function resolve(from: string, specifier: string): string {
  const url = new URL(specifier, `file:///root/${from}`)
  return url.pathname.replace(/^\/root\//, '')
}
