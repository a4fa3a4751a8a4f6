/** That a tag is on its owner's disk before it is named, shown by an owner that names it too early. */
import { expect, it } from 'vitest'
import abd from '../../../protocols/abd/index.ts'
import { Ballots } from '../../ballots.ts'
import { KeyValueStore } from '../../store/kv-store.ts'
import { namesFirst } from './names-first.ts'
import { arena, cluster, ear } from './testing/situation.ts'

const TAG = 5 * 4096

/** Two nodes that hold registers, where 1.1 has issued tag 5.1.1 for key k; `name` gives what is found when one names it. */
function issued(durable = true) {
  const { processes, arena: seen } = arena()
  const invariant = namesFirst()
  const heard = ear({ ...seen, durable }, abd)
  const look = () => invariant.afterStep!(heard.arena)
  for (const process of processes) {
    const status = () => ({ executed: null })
    Object.assign(process, { node: { ballots: new Ballots(cluster) }, store: new KeyValueStore(), replica: { status } })
  }
  const [owner, reader] = processes
  expect(look()).toBeNull()
  for (const { store } of processes) (store as unknown as KeyValueStore).set('k', new Uint8Array(1), TAG)
  for (const { disk } of processes) disk.marks = { appended: 1, synced: 0 }
  const name = (from: number, tag = TAG) => {
    const value = new Uint8Array(1)
    heard.say(from, 'Store', { life: 1, id: 1, key: 'k', tag, absent: false, value })
    return look()
  }
  return { owner, reader, look, name }
}

it('names first fails when an owner names a tag that is not on its disk, and not when it is', () => {
  expect(issued().name(0)).toBe('1.1 has named tag 5.1.1 of key k, which is not on its disk')
  const { owner, look, name } = issued()
  expect(look()).toBeNull()
  owner.disk.marks = { appended: 1, synced: 1 }
  expect([name(0), name(0, TAG - 4096)]).toEqual([null, null])
  expect(name(0, TAG + 4096)).toMatch(/tag 6\.1\.1/)
})

it('names first lets who has read a tag name it at once, and who has no disk', () => {
  expect([issued().name(1), issued(false).name(0)]).toEqual([null, null])
})

it('names first asks again what is on disk after a crash', () => {
  const { owner, name } = issued()
  Object.assign(owner, { life: 2, store: new KeyValueStore() })
  owner.disk.marks = { appended: 0, synced: 0 }
  expect(name(0)).toMatch(/tag 5\.1\.1 of key k, which is not on its disk/)
})
