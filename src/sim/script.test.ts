/** Scripts: a record plays again as it was, and whatever is left out of it is calm. */
import { describe, expect, it } from 'vitest'
import paxos from '../../protocols/paxos/index.ts'
import { type Chooser, RecordingChooser, run, type Script, ScriptedChooser, SeededChooser } from './index.ts'

const EMPTY: Script = { seed: 1, choices: new Map(), steps: [], facts: new Map(), own: new Map() }

const OPTIONS = { protocol: paxos, layout: '1x3' }

function record(seed: number) {
  const chooser = new RecordingChooser(seed)
  return { report: run({ ...OPTIONS, seed, chooser }), script: chooser.script }
}

describe('a record', () => {
  it('is of the run that the seed gives, and plays again as it was', () => {
    for (const seed of [1, 2]) {
      const { report, script } = record(seed)
      expect(report).toEqual(run({ ...OPTIONS, seed }))
      expect(run({ ...OPTIONS, seed, chooser: new ScriptedChooser(script) })).toEqual(report)
      expect(Object.keys(report.faults).length).toBeGreaterThan(0)
    }
  })

  it('violates nothing that the protocol promises, whatever is left out of it', () => {
    const { script } = record(3)
    const even = (_: unknown, index: number) => index % 2 === 0
    const variants: Script[] = [
      { ...EMPTY, seed: 3 },
      { ...script, choices: new Map() },
      { ...script, steps: script.steps.filter(even) },
      { ...script, choices: new Map([...script.choices].filter(even)) },
      { ...script, own: new Map() },
    ]
    const hashes = new Set<number>()
    for (const variant of variants) {
      const { violation, hash } = run({ ...OPTIONS, seed: 3, chooser: new ScriptedChooser(variant) })
      expect(violation).toBeNull()
      hashes.add(hash)
    }
    expect(hashes.size).toBe(variants.length)
  })
})

describe('a script', () => {
  const letters = ['a', 'b', 'c', 'd', 'e']

  it('chooses the calmest where it says nothing', () => {
    const chooser: Chooser = new ScriptedChooser(EMPTY)
    expect(chooser.chance(0.99)).toBe(false)
    expect(chooser.between(3, 7)).toBe(3)
    expect(chooser.below(10)).toBe(0)
    expect(chooser.pick(letters)).toBe('a')
    expect(chooser.shuffle(letters)).toEqual(letters)
    expect(chooser.step('strike', 0)).toBeNull()
    expect(chooser.last('strike')).toBe(-1)
    expect(chooser.recall(42)).toBe(42)
  })

  it('chooses the calmest where it says what cannot be chosen', () => {
    const choices = new Map([['', [{ time: 0, choices: [7, 0.5, 2, 1.5, 4] }]]])
    const chooser: Chooser = new ScriptedChooser({ ...EMPTY, choices })
    chooser.follow(() => 0)
    expect(chooser.below(7)).toBe(0)
    expect(chooser.below(7)).toBe(0)
    expect(chooser.chance(0.5)).toBe(false)
    expect(chooser.between(0, 10)).toBe(0)
    expect(chooser.below(5)).toBe(4)
  })

  it('chooses as the seed did', () => {
    const all = (chooser: Chooser) => [
      chooser.below(1000),
      chooser.chance(0.5),
      chooser.between(-5, 5),
      chooser.pick(letters),
      chooser.shuffle(letters),
    ]
    for (let seed = 1; seed <= 20; seed++) {
      const recorder = new RecordingChooser(seed)
      const chosen = all(recorder)
      expect(chosen).toEqual(all(new SeededChooser(seed)))
      expect(all(new ScriptedChooser(recorder.script))).toEqual(chosen)
    }
  })

  it('finds choices by their time, so that one that is not asked for shifts no other', () => {
    let now = 0
    const recorder = new RecordingChooser(5)
    recorder.follow(() => now)
    const chosen = new Map<number, number>()
    for (now = 1; now <= 10; now++) chosen.set(now, recorder.of('link').below(1000))
    const chooser = new ScriptedChooser(recorder.script)
    chooser.follow(() => now)
    for (const time of [2, 3, 7, 9]) {
      now = time
      expect(chooser.of('link').below(1000)).toBe(chosen.get(time))
    }
    now = 9.5
    expect(chooser.of('link').below(1000)).toBe(chosen.get(10))
  })

  it('leaves a node its own numbers, also those that the record does not have', () => {
    const recorder = new RecordingChooser(1)
    const mine = recorder.own('1.1')
    const first = [mine.below(1000), mine.below(1000)]
    const numbers = (script: Script, purpose: string) => {
      const own = new ScriptedChooser(script).own(purpose)
      return Array.from({ length: 6 }, () => own.below(1000))
    }
    const { script } = recorder
    expect(numbers(script, '1.1').slice(0, 2)).toEqual(first)
    expect(numbers(script, '1.1')).toEqual(numbers({ ...script, choices: new Map(), steps: [] }, '1.1'))
    expect(new Set(numbers(script, '1.2')).size).toBeGreaterThan(3)
    expect(numbers(script, '1.2')).not.toEqual(numbers(script, '1.3'))
    expect(numbers(script, '1.2')).not.toEqual(numbers({ ...script, seed: 2 }, '1.2'))
  })
})
