/** Checks the table of layers, and that no modules need each other in a circle. Findings are sentences. */
import { LAYERS, type Layer, PARENTS, SHARED_IN_BIN, TESTS } from './layers.ts'
import { type Import, importsOf, isTest, type Source } from './sources.ts'

/** Whether `path` is one of the files that `pattern` stands for. */
export function matches(path: string, pattern: string): boolean {
  const form = pattern.replace(/[.]/g, '\\.').replace(/\*/g, '[^/]+')
  return new RegExp(pattern.endsWith('/') ? `^${form}` : `^${form}$`).test(path)
}

/** Whether the last pattern that matches `path` is one without a `!`. */
function included(path: string, patterns: readonly string[]): boolean {
  const last = patterns.findLast((pattern) => matches(path, pattern.replace(/^!/, '')))
  return last !== undefined && !last.startsWith('!')
}

/** The row of the table that holds for a file. */
export function layerOf(path: string): Layer | undefined {
  return LAYERS.find(({ files }) => matches(path, files))
}

/** The imports of a file that the table does not allow. */
export function forbiddenImports(source: Source): string[] {
  const layer = layerOf(source.path)
  if (!layer) return [`${source.path} is in no layer: add a row to the table`]
  return importsOf(source).flatMap((found) => {
    const reason = found.target === null ? packageFault(source, layer, found) : fileFault(source, layer, found.target)
    return reason === null ? [] : [`${source.path}:${found.line} imports ${found.specifier}: ${reason}`]
  })
}

function packageFault({ path }: Source, layer: Layer, { specifier, typeOnly }: Import): string | null {
  const allows = (allowed: string) =>
    allowed === 'node:*' ? specifier.startsWith('node:') : specifier === allowed || specifier.startsWith(`${allowed}/`)
  if (layer.packages.some(allows)) return null
  if (typeOnly && layer.types?.some(allows)) return null
  if (isTest(path) && TESTS.packages.some(allows)) return null
  return layer.why
}

function fileFault({ path }: Source, layer: Layer, target: string): string | null {
  const test = isTest(path)
  if (!test && isTest(target)) return 'what is there for tests is not there for others'
  if (target.startsWith('bin/') && !test) {
    return SHARED_IN_BIN.includes(target) && path.startsWith('bin/') ? null : 'programs are not imported'
  }
  const parent = PARENTS[path.split('/')[1] ?? '']
  const allowed = [
    ...layer.imports,
    ...(layer.files.startsWith('protocols/*/') && parent !== undefined ? [`protocols/${parent}/`] : []),
    ...(test ? [...TESTS.imports, ...(layer.tests ?? [])] : []),
  ]
  if (sameHouse(path, target, layer) || included(target, allowed)) return null
  return layer.why
}

/** Whether both files belong to the same folder of the table; each protocol is one of its own. */
function sameHouse(path: string, target: string, layer: Layer): boolean {
  if (layer.files === 'src/*.ts') return matches(target, layer.files) && target !== 'src/index.ts'
  if (layer.files === 'protocols/*/') return target.split('/')[1] === path.split('/')[1] && target.split('/').length > 2
  return matches(target, layer.files)
}

/** Circles of modules that load each other; imports of types alone are gone by then, and do not count. */
export function circles(sources: readonly Source[]): string[] {
  const edges = new Map(
    sources.map((source) => [
      source.path,
      importsOf(source).flatMap(({ target, typeOnly }) => (target !== null && !typeOnly ? [target] : [])),
    ]),
  )
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' -> '))
    if (done.has(path) || trail.includes(path)) return
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return found
}
