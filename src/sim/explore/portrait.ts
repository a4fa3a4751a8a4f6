/**
 * All that an object shows, as one text: equal texts, equal states. Replicas keep their state in public plain fields, so
 * that this sees it; what a field with `#` hides must follow from the rest.
 */

/** Fields that are the same in every state of a node. */
const CONSTANT = new Set(['node', 'options', 'quorum'])

/** A text of everything that can be reached from `value` by its own fields. `at` puts a moment of an alarm into words. */
export function portrait(value: unknown, at: (time: number) => string): string {
  return draw(value, at, [])
}

function draw(value: unknown, at: (time: number) => string, above: readonly object[]): string {
  if (typeof value === 'function') return ''
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? JSON.stringify(value) : `${value}`
  if (above.includes(value)) return `^${above.length - above.indexOf(value)}`
  const inner = [...above, value]
  const one = (item: unknown) => draw(item, at, inner)
  if (value instanceof Uint8Array) return `x${value.join('.')}`
  if (Array.isArray(value)) return `[${value.map(one).join()}]`
  // A protocol may not depend on the order of a Map or a Set, beyond that of its numbers.
  if (value instanceof Map) return `{${[...value].map(([key, item]) => `${one(key)}:${one(item)}`).sort()}}`
  if (value instanceof Set) return `{${[...value].map(one).sort()}}`
  if (isMember(value)) return value.name
  if (isAlarm(value)) return value.cancelled ? 'never' : at(value.time)
  const items = Symbol.iterator in value ? `[${[...(value as Iterable<unknown>)].map(one).join()}]` : ''
  const fields = Object.entries(value).filter(([name]) => !CONSTANT.has(name))
  return `${items}(${fields.map(([name, item]) => `${name}=${one(item)}`).join()})`
}

function isMember(value: object): value is { readonly name: string } {
  return 'zone' in value && 'index' in value && 'name' in value
}

function isAlarm(value: object): value is { readonly time: number; readonly cancelled: boolean } {
  return 'cancelled' in value && 'time' in value
}
