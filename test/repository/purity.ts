/** What pure layers may not do: look at the real clock, draw real chance, wait, or reach the process around them. */
import ts from 'typescript'
import { layerOf } from './imports.ts'
import { isTest, lineOf, type Source, walk } from './sources.ts'

/** Names that pure code does not use, each with what it uses instead. */
const GLOBALS: Readonly<Record<string, string>> = {
  Date: 'node.now()',
  performance: 'node.now()',
  setTimeout: 'node.setTimer',
  setInterval: 'node.setTimer',
  setImmediate: 'onTurnEnd',
  clearTimeout: 'node.clearTimer',
  clearInterval: 'node.clearTimer',
  clearImmediate: 'node.clearTimer',
  queueMicrotask: 'onTurnEnd',
  Promise: 'handlers, which run to completion',
  process: 'options and the log',
  global: 'its own parts',
  globalThis: 'its own parts',
  crypto: 'node.random',
  console: 'node.log',
  fetch: 'messages',
  require: 'import',
  Buffer: 'Uint8Array',
}

/** The impure things in a file of a pure layer; tests may do as they like. */
export function impurities(source: Source): string[] {
  if (isTest(source.path) || !layerOf(source.path)?.pure) return []
  const found: string[] = []
  const report = (node: ts.Node, what: string) =>
    found.push(`${source.path}:${lineOf(source, node.getStart())} uses ${what}`)
  const locals = localsOf(source)
  const isGlobal = (node: ts.Identifier) =>
    Object.hasOwn(GLOBALS, node.text) && isReference(node) && !isWithin(node, locals.get(node.text) ?? [])
  walk(source.tree, (node) => {
    if (ts.isIdentifier(node) && isGlobal(node)) {
      report(node, `${node.text}; here it is ${GLOBALS[node.text]}`)
    }
    if (isMathRandom(node)) report(node, 'Math.random; here it is node.random')
    if (node.kind === ts.SyntaxKind.AsyncKeyword) report(node, 'async; handlers run to completion')
    if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) report(node, 'await')
  })
  return found
}

/** Where names are made that hide a global one: each with the nodes within which it does. */
function localsOf(source: Source): Map<string, ts.Node[]> {
  const locals = new Map<string, ts.Node[]>()
  walk(source.tree, (node) => {
    const made =
      ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node) || ts.isImportSpecifier(node)
    if (!made || !ts.isIdentifier(node.name) || !Object.hasOwn(GLOBALS, node.name.text)) return
    const scopes = locals.get(node.name.text) ?? []
    locals.set(node.name.text, [...scopes, scopeOf(node)])
  })
  return locals
}

function scopeOf(node: ts.Node): ts.Node {
  let scope = node.parent
  while (
    !(
      ts.isFunctionLike(scope) ||
      ts.isBlock(scope) ||
      ts.isForOfStatement(scope) ||
      ts.isForStatement(scope) ||
      ts.isSourceFile(scope)
    )
  ) {
    scope = scope.parent
  }
  return scope
}

function isWithin(node: ts.Node, scopes: readonly ts.Node[]): boolean {
  for (let at: ts.Node | undefined = node; at; at = at.parent) if (scopes.includes(at)) return true
  return false
}

/** `Math.random`, `Math['random']` and `const { random } = Math`. */
function isMathRandom(node: ts.Node): boolean {
  const isMath = (other: ts.Node | undefined) => other !== undefined && ts.isIdentifier(other) && other.text === 'Math'
  if (ts.isPropertyAccessExpression(node)) return isMath(node.expression) && node.name.text === 'random'
  if (ts.isElementAccessExpression(node)) return isMath(node.expression)
  return ts.isVariableDeclaration(node) && isMath(node.initializer)
}

/** Whether an identifier stands for a value or type around it, not for a property or a name that is made here. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isShorthandPropertyAssignment(parent)) return true
  if (ts.isBindingElement(parent)) return parent.initializer === node
  if (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isPropertyDeclaration(parent))
    return parent.initializer === node
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node
  const names =
    ts.isPropertySignature(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isGetAccessor(parent) ||
    ts.isImportSpecifier(parent) ||
    ts.isExportSpecifier(parent) ||
    ts.isQualifiedName(parent)
  return !names
}
