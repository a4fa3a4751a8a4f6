/** The bytes of a simulated disk: what comes back of them is what was there, or the disk knows that it lost it. */
import { expect, it } from 'vitest'
import type { StoredRecord } from '../seams.ts'
import { SeededChooser } from './chooser.ts'
import { Disk, DiskError } from './disk.ts'
import { World } from './world.ts'

const record = (number: number): StoredRecord => ({ number, payload: Uint8Array.of(number, 2, 3) })
const numbers = (disk: Disk) => [...disk.mount().recover([])].map(({ number }) => number)
const sync = (storage: ReturnType<Disk['mount']>) =>
  storage.sync(
    () => {},
    (error) => expect.unreachable(String(error)),
  )

/** A disk with a checkpoint, records that are synced behind it, and a write under way. */
function sample(): Disk {
  const world = new World(new SeededChooser(1))
  const disk = new Disk(world, true)
  const storage = disk.mount()
  for (let i = 0; i < 5; i++) storage.append(record(i))
  storage.checkpoint(
    [record(100), record(101)].values(),
    () => {},
    () => {},
  )
  world.runUntil(20)
  for (const count of [2, 1, 3]) {
    for (let i = 0; i < count; i++) storage.append(record(i + 10))
    sync(storage)
    world.runUntil(world.now + 5)
  }
  storage.append(record(50))
  storage.append(record(51))
  sync(storage)
  storage.append(record(60))
  return disk
}

const SAFE = [100, 101, 10, 11, 10, 10, 11, 12]

it('are those of a server, and give all back that was written', () => {
  const disk = sample()
  const { files, log, safe } = disk.image()
  expect([...files.keys()].sort()).toEqual(['log-2', 'manifest', 'mark', 'snapshot-2'])
  expect(safe).toBeLessThan(files.get(log)!.length)
  disk.crash(0)
  expect(numbers(disk)).toEqual(SAFE)
  disk.put(files)
  expect(numbers(disk)).toEqual([...SAFE, 50, 51])
  expect(disk.marks).toEqual({ appended: 13, synced: 13 })
})

it('cut anywhere behind what is safe, the last write is there or not; before that, all is lost, and known to be', () => {
  const whole = sample().image()
  const bytes = whole.files.get(whole.log)!
  const found = new Set<string>()
  let lost = 0
  for (let length = 0; length <= bytes.length; length++) {
    for (const cut of [bytes.slice(0, length), bytes.slice().fill(0, length)]) {
      const disk = sample()
      const { files, log } = disk.image()
      disk.crash(0)
      disk.put(files.set(log, cut))
      const { forgot } = disk.mount()
      // Closing bytes alone that are missing are no loss.
      if (length >= whole.safe) expect(forgot, `${length}`).toBe(false)
      else lost += forgot ? 1 : 0
      const rest = numbers(disk)
      if (forgot) expect(rest).toEqual([])
      else expect(rest.slice(0, SAFE.length)).toEqual(SAFE)
      found.add(rest.slice(SAFE.length).join())
    }
  }
  expect([...found].sort()).toEqual(['', '50,51'])
  expect(lost).toBeGreaterThan(2 * (whole.safe - 20))
})

it('with any bit flipped, nothing comes back that was not there, and nothing safe is missing unnoticed', () => {
  const { files } = sample().image()
  let forgotten = 0
  for (const [name, bytes] of files) {
    for (let at = 0; at < bytes.length; at++) {
      const disk = sample()
      const image = disk.image().files
      const { incarnation } = disk.mount()
      disk.crash(0)
      disk.put(image.set(name, bytes.with(at, bytes[at]! ^ (1 << (at % 8)))))
      const rest = numbers(disk)
      if (disk.mount().forgot) {
        forgotten += 1
        expect([rest, disk.generation, disk.mount().incarnation === incarnation]).toEqual([[], 1, false])
      } else expect([SAFE.join(), [...SAFE, 50, 51].join()], `${name} ${at}`).toContain(rest.join())
    }
  }
  expect(forgotten).toBeGreaterThan(200)
})

it('that cannot be read or written are an error, after which nothing more is written', () => {
  const world = new World(new SeededChooser(1))
  const disk = new Disk(world, true)
  const storage = disk.mount()
  storage.append(record(1))
  disk.troubles.add((doing) => (doing === 'write' ? new DiskError('ENOSPC') : null))
  const heard: string[] = []
  const listen = () =>
    storage.sync(
      () => heard.push('done'),
      (error) => heard.push(String(error)),
    )
  listen()
  world.runUntil(10)
  disk.troubles.clear()
  listen()
  world.runUntil(20)
  expect([heard, disk.marks]).toEqual([['Error: ENOSPC'], { appended: 1, synced: 0 }])
  disk.troubles.add(() => new DiskError('EIO'))
  expect(() => disk.mount().recover([])).toThrow('EIO')
})
