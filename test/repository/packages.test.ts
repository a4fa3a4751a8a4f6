/**
 * What is installed with the package runs on the oldest Node that it promises. `overrides` would not do: they do not reach
 * whoever installs it.
 */
import { expect, test } from 'vitest'
import { textOf } from './sources.ts'

interface Locked {
  readonly dev?: boolean
  readonly engines?: { readonly node?: string }
}

/** Whether Node 20.19 is in a range, as packages write them. */
function takesOldest(range: string): boolean {
  return range.split('||').some((part) => {
    const [, operator, major, minor] = /^\s*(>=|\^)?\s*(\d+)(?:\.(\d+))?/.exec(part) ?? []
    const apart = Number(major) - 20
    return (operator === '>=' && apart < 0) || (apart === 0 && Number(minor ?? 0) <= 19)
  })
}

test('ranges are read', () => {
  for (const range of ['>=20', '>= 0.8', '18 || 20 || >=22', '^20.19.0 || >=23', '20.x']) {
    expect(takesOldest(range), range).toBe(true)
  }
  for (const range of ['>=22', '>=20.20', '^18 || ^22', '^21.1.0', 'new']) expect(takesOldest(range), range).toBe(false)
})

test('nothing that the package needs is too new for it, and nothing is overridden', () => {
  const manifest = JSON.parse(textOf('package.json')) as { engines: { node: string }; overrides?: object }
  expect(manifest.engines.node).toBe('>=20.19')
  expect(manifest.overrides).toBeUndefined()
  const { packages } = JSON.parse(textOf('package-lock.json')) as { packages: Readonly<Record<string, Locked>> }
  const needed = Object.entries(packages).filter(([, { dev }]) => !dev)
  expect(needed.length).toBeGreaterThan(50)
  expect(needed.filter(([, { engines }]) => !takesOldest(engines?.node ?? '>=0')).map(([path]) => path)).toEqual([])
})
