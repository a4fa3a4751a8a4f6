/** The lines that programs write to their logs: what is passed to `log.info` and the like, as it stands in the sources. */
import ts from 'typescript'
import { type Source, walk } from './sources.ts'

/** One line: its event, level and fields. */
export interface LogEvent {
  readonly event: string
  readonly level: string
  readonly fields: readonly string[]
}

const LEVELS = new Set(['debug', 'info', 'warn', 'error'])

/** All calls in a source whose callee ends in `log.<level>`, whatever the log is called. */
export function logEvents({ tree }: Source): LogEvent[] {
  const found: LogEvent[] = []
  walk(tree, (node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return
    const { expression: log, name } = node.expression
    if (!LEVELS.has(name.text) || !/log$/i.test(log.getText())) return
    const [event, fields] = node.arguments
    // What a wrapper passes on has no event of its own.
    if (!event || !ts.isStringLiteral(event)) return
    found.push({ event: event.text, level: name.text, fields: fields ? namesOf(fields) : [] })
  })
  return found
}

/** The names of an object's members; `...` for what is spread into it. */
function namesOf(fields: ts.Expression): string[] {
  if (!ts.isObjectLiteralExpression(fields)) return ['...']
  return fields.properties.map((property) =>
    ts.isSpreadAssignment(property) ? '...' : (property.name?.getText() ?? '...'),
  )
}
