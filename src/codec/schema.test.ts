/** What a declaration is at run time. */
import { expect, it } from 'vitest'
import { list, message, nested, record, struct, uint53 } from './schema.ts'

class Part extends struct({ n: uint53 }) {}
class Ping extends message({ n: uint53, parts: list(Part) }) {}
class Beat extends message({}, { first: true, counted: true }) {}
class Noted extends record({ part: nested(Part) }) {}

it('says its name, its kind, its fields, whether it goes first, and whether it is counted', () => {
  expect([Part, Ping, Beat, Noted].map(({ name, kind, first, counted }) => [name, kind, first, counted])).toEqual([
    ['Part', 'struct', false, false],
    ['Ping', 'message', false, false],
    ['Beat', 'message', true, true],
    ['Noted', 'record', false, false],
  ])
  expect(Object.keys(Ping.fields)).toEqual(['n', 'parts'])
  expect(Ping.fields.parts).toMatchObject({ wire: 'struct', repeated: true, integer: false, struct: Part })
  expect(list(uint53)).toMatchObject({ wire: 'double', repeated: true, integer: true })
  expect(uint53.repeated).toBe(false)
})

it('constructs with its values as own fields', () => {
  const ping = new Ping({ n: 1, parts: [new Part({ n: 2 })] })
  expect(ping).toBeInstanceOf(Ping)
  expect({ ...ping }).toEqual({ n: 1, parts: [{ n: 2 }] })
})
