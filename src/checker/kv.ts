/** A key-value store: `get`, `put` and `append`; one key is a register of text that can grow. */
import { type Initial, initially, type Model } from './model.ts'
import type { Operation, Value } from './operation.ts'
import { stepRegister } from './register.ts'

/**
 * A store with `get`, `put` and `append`; an append to an absent key starts from the empty text.
 * @param initial what each key holds at first, null (absent) by default
 */
export function kv(initial: Initial = null): Model {
  return {
    name: 'kv',
    operations: ['get', 'put', 'append'],
    registerLike: true,
    initial: initially(initial),
    step: (state, operation) =>
      operation.op === 'append' ? text(state) + text(operation.input) : stepRegister(state, operation),
    observes: (operation) => operation.op === 'get',
    kind: ({ op, input, output }) => JSON.stringify(op === 'get' ? [op, output] : [op, input]),
    ignorable: unread,
  }
}

function text(value: Operation['output'] | Operation['input']): string {
  return value === null || value === undefined ? '' : String(value)
}

/**
 * An open put of x can be left out if no get returns text that starts with x; an open append of x if no get returns
 * text that contains x. Proof: in a linearization that has it, every state from there to the next put starts with
 * (contains) x, so no get stands between. Puts and appends are possible in every state, so without it all else stays
 * possible, and from the next put on the states are the same. Where nothing is appended, a put shows only as itself.
 */
function unread(operations: readonly Operation[]): (open: Operation) => boolean {
  const read = new Set<Value>()
  let grows = false
  for (const { op, output } of operations) {
    if (op === 'get') read.add(output as Value)
    else if (op === 'append') grows = true
  }
  if (!grows) return (open) => !read.has(open.input as Value)
  const texts = [...read].map(text)
  return (open) => {
    const x = text(open.input)
    return !texts.some((t) => (open.op === 'put' ? t.startsWith(x) : t.includes(x)))
  }
}
