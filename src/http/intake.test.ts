/** More than one round reads: the node has its turn in between, and every connection is read, new ones soon. */
import { expect, it } from 'vitest'
import type { Connection } from './connection.ts'
import { Intake } from './intake.ts'
import type { RawClient } from './testing/raw-client.ts'
import { request, startServer } from './testing/test-server.ts'

/** Passes when whatever waits for the event loop's next look has had it. */
const round = () => new Promise((resolve) => setImmediate(resolve))

it('reads nobody once much was read, until the node has had its turn', async () => {
  const intake = new Intake()
  const events: string[] = []
  const made = (name: string) =>
    ({
      pause: () => events.push(`${name} stops`),
      unpause: () => events.push(`${name} goes on`),
    }) as unknown as Connection
  const [gone, a, b] = [made('gone'), made('a'), made('b')]
  for (const one of [gone, a, b]) intake.add(one)
  intake.remove(gone)
  for (let count = 0; count < 511; count++) intake.begin(a)
  expect(events).toEqual([])
  intake.begin(a)
  intake.begin(a)
  intake.add(made('late'))
  await new Promise<void>((resolve) => process.nextTick(resolve))
  expect(events.splice(0)).toEqual(['a stops', 'b stops', 'late stops'])
  await round()
  expect(events.splice(0)).toEqual(['b goes on', 'late goes on'])
  await round()
  await round()
  expect(events).toContain('a goes on')
})

/** What sends requests: so many whenever it is read. */
class Sender {
  reads = 0
  readonly #requests: number
  #isPaused = false

  constructor(requests: number) {
    this.#requests = requests
  }

  pause(): void {
    this.#isPaused = true
  }

  unpause(): void {
    this.#isPaused = false
  }

  read(intake: Intake): void {
    if (this.#isPaused) return
    this.reads += 1
    for (let count = 0; count < this.#requests; count++) intake.begin(this as unknown as Connection)
  }
}

/** An event loop that reads those first that came first, in each round. */
class Loop {
  readonly #intake = new Intake()
  readonly #senders: Sender[] = []

  add(requests: number): Sender {
    const sender = new Sender(requests)
    this.#senders.push(sender)
    this.#intake.add(sender as unknown as Connection)
    return sender
  }

  async turn(rounds: number): Promise<void> {
    for (let count = 0; count < rounds; count++) {
      for (const sender of this.#senders) sender.read(this.#intake)
      await round()
    }
  }
}

it('reads all as often as each other, whatever the event loop prefers', async () => {
  const loop = new Loop()
  const senders = Array.from({ length: 40 }, () => loop.add(64))
  // At first all are new.
  await loop.turn(20)
  const before = senders.map((sender) => sender.reads)
  await loop.turn(100)
  const reads = senders.map((sender, index) => sender.reads - before[index]!)
  expect(Math.max(...reads) - Math.min(...reads)).toBeLessThanOrEqual(1)
  // Eight are a full round.
  expect(Math.min(...reads)).toBeGreaterThan(12)
})

it('reads new connections, and those that were silent for long, before others that wait', async () => {
  const loop = new Loop()
  const silent = loop.add(0)
  for (let count = 0; count < 400; count++) loop.add(64)
  await loop.turn(150)
  const [fresh, reads] = [loop.add(1), silent.reads]
  await loop.turn(3)
  expect(fresh.reads).toBeGreaterThan(0)
  expect(silent.reads).toBeGreaterThan(reads)
})

it('reads old connections also while there are ever new ones', async () => {
  const loop = new Loop()
  const old = Array.from({ length: 8 }, () => loop.add(64))
  const begun: number[] = []
  for (let count = 0; count < 40; count++) {
    for (let late = 0; late < 600; late++) loop.add(1)
    begun.push(old[0]!.reads)
    await loop.turn(1)
  }
  expect(old.map((sender) => sender.reads > 3)).toEqual(Array(8).fill(true))
})

it('answers a new connection before others have come round', async () => {
  const { app, client } = await startServer()
  let count = 0
  let waited: number | null = null
  app.server.on('request', ({ url }) => {
    if (url === '/state') waited = count
    else count += 1
  })
  const [connections, depth] = [40, 64]
  for (let opened = 0; opened < connections; opened++) flood(client(), request('GET /health').repeat(depth), depth)
  await expect.poll(() => count, { timeout: 10_000 }).toBeGreaterThan(4 * connections * depth)
  app.server.once('connection', () => {
    count = 0
  })
  expect((await client().exchange(request('GET /state'))).status).toBe(200)
  expect(waited).toBeLessThan(connections * depth)
})

/** Sends a batch again and again, as soon as all of the last one is answered. */
function flood({ socket }: RawClient, batch: string, depth: number): void {
  let answered = 0
  socket.removeAllListeners('data')
  socket.on('data', (chunk: Buffer) => {
    answered += chunk.toString('latin1').split('alive').length - 1
    if (answered < depth) return
    answered -= depth
    socket.write(batch)
  })
  socket.write(batch)
}
