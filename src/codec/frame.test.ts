/** Frames in a stream: however it is cut, the same frames come out, and no room is made for what is refused. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SynodError } from '../errors.ts'
import { FRAME_HEADER, FrameReader, frameFounding, frameNumber, framePayload, seal } from './frame.ts'

const LIMIT = 5000

function frame(number: number, payload: Uint8Array | readonly number[]): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER + payload.length)
  bytes.set(payload, FRAME_HEADER)
  return seal(bytes, number)
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** Pushes a stream in the given pieces; gives copies of the frames that came out, taken when all is done. */
function read(stream: Uint8Array, cuts: readonly number[], reader = new FrameReader(LIMIT)): Uint8Array[] {
  const frames: Uint8Array[] = []
  const bounds = [0, ...[...cuts].sort((a, b) => a - b), stream.length]
  // Each piece is a buffer of its own, as a socket gives them.
  for (const [index, start] of bounds.slice(0, -1).entries()) {
    reader.push(stream.slice(start, bounds[index + 1]), (whole) => frames.push(whole))
  }
  return frames.map((whole) => whole.slice())
}

function codeOf(run: () => void): string {
  try {
    run()
    return 'took'
  } catch (error) {
    return error instanceof SynodError ? error.code : String(error)
  }
}

const anyFrame = fc
  .tuple(
    fc.nat(65_535),
    fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ size: 'max', maxLength: LIMIT - FRAME_HEADER })),
  )
  .map(([number, payload]) => frame(number, payload))

describe('a frame', () => {
  it('has its length, its number and its founding in little endian', () => {
    expect([...frame(0x1234, [9, 8, 7])]).toEqual([9, 0, 0, 0, 0x34, 0x12, 0, 0, 0, 0, 9, 8, 7])
    const founded = seal(new Uint8Array(FRAME_HEADER), 1, 0xfedcba98)
    expect([...founded]).toEqual([6, 0, 0, 0, 1, 0, 0x98, 0xba, 0xdc, 0xfe])
    expect(frameFounding(founded)).toBe(0xfedcba98)
    const long = frame(1, new Uint8Array(0x012345))
    expect([...long.subarray(0, 4)]).toEqual([0x4b, 0x23, 0x01, 0x00])
  })

  it('gives back its number and a view of its payload', () => {
    const whole = frame(65_535, [1, 2])
    expect(frameNumber(whole)).toBe(65_535)
    framePayload(whole)[0] = 7
    expect(whole[FRAME_HEADER]).toBe(7)
    expect([...framePayload(frame(0, []))]).toEqual([])
  })
})

describe('FrameReader', () => {
  it('gives the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 8 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { size: 'max', maxLength: 60 }),
        (frames, cuts) => {
          const stream = joined(frames)
          const given = read(
            stream,
            cuts.map((cut) => Math.floor(cut * stream.length)),
          )
          expect(given.length).toBe(frames.length)
          for (const [index, whole] of given.entries()) expect(Buffer.compare(whole, frames[index]!)).toBe(0)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('gives the same frames byte by byte, and cut once at every place', () => {
    const frames = [frame(1, []), frame(2, [1]), frame(300, new Uint8Array(300).fill(3)), frame(4, [])]
    const stream = joined(frames)
    const places = Array.from({ length: stream.length }, (_, index) => index)
    expect(read(stream, places)).toEqual(frames)
    for (const place of places) expect(read(stream, [place])).toEqual(frames)
  })

  it('gives a frame as soon as its last byte is there, and no byte earlier', () => {
    const whole = frame(5, [1, 2, 3])
    const reader = new FrameReader(LIMIT)
    let given = 0
    for (const byte of whole.subarray(0, -1)) reader.push(Uint8Array.of(byte), () => given++)
    expect(given).toBe(0)
    reader.push(whole.subarray(-1), () => given++)
    expect(given).toBe(1)
  })

  it('does not write into frames it has given', () => {
    const reader = new FrameReader(LIMIT)
    const kept: Uint8Array[] = []
    const frames = [frame(1, [1, 1, 1]), frame(2, [2, 2, 2]), frame(3, [3, 3, 3])]
    for (const whole of frames) {
      reader.push(whole.slice(0, 5), (given) => kept.push(given))
      reader.push(whole.slice(5), (given) => kept.push(given))
    }
    expect(kept.map((given) => [...given])).toEqual(frames.map((whole) => [...whole]))
  })

  it('keeps nothing of a chunk whose buffer the socket uses again', () => {
    const reader = new FrameReader(LIMIT)
    const shared = new Uint8Array(64)
    const whole = frame(7, [1, 2, 3, 4, 5])
    const given: number[][] = []
    for (const part of [whole.subarray(0, 3), whole.subarray(3, 8), whole.subarray(8)]) {
      shared.set(part)
      reader.push(shared.subarray(0, part.length), (bytes) => given.push([...bytes]))
      shared.fill(0xee)
    }
    expect(given).toEqual([[...whole]])
  })

  it('takes empty chunks anywhere', () => {
    const whole = frame(7, [1, 2, 3])
    expect(read(whole, [0, 0, 2, 2, 5, 5, whole.length, whole.length])).toEqual([whole])
  })

  it.each([0, 1])(
    'refuses a length of %d, which leaves no room for the number, in one chunk or byte by byte',
    (length) => {
      const bytes = Uint8Array.of(length, 0, 0, 0, 0, 0)
      expect(codeOf(() => read(bytes, []))).toBe('malformed')
      expect(codeOf(() => read(bytes, [1, 2, 3, 4, 5]))).toBe('malformed')
    },
  )

  it('takes a frame of exactly the limit and refuses one byte more', () => {
    const most = frame(1, new Uint8Array(LIMIT - FRAME_HEADER))
    const over = frame(1, new Uint8Array(LIMIT - FRAME_HEADER + 1))
    expect(read(most, [])).toHaveLength(1)
    expect(read(most, [4, 5])).toHaveLength(1)
    expect(codeOf(() => read(over, []))).toBe('malformed')
    expect(codeOf(() => read(over, [2]))).toBe('malformed')
  })

  it.each([
    { name: '2^31', bytes: [0, 0, 0, 0x80] },
    { name: '2^32 - 1', bytes: [0xff, 0xff, 0xff, 0xff] },
    { name: 'GET /', bytes: [...Buffer.from('GET / HTTP/1.1\r\n')] },
  ])('refuses a length of $name at its fourth byte, and makes no room for it', ({ bytes }) => {
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 50 }, () => new FrameReader(2 ** 20))
    for (const reader of readers) {
      reader.push(Uint8Array.from(bytes.slice(0, 3)), () => expect.unreachable())
      expect(codeOf(() => reader.push(Uint8Array.from(bytes.slice(3, 4)), () => expect.unreachable()))).toBe(
        'malformed',
      )
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20)
  })

  it('gives the good frames before a bad one', () => {
    const stream = joined([frame(1, [1]), frame(2, [2]), Uint8Array.of(0, 0, 0, 0)])
    const given: number[] = []
    const reader = new FrameReader(LIMIT)
    expect(codeOf(() => reader.push(stream, (whole) => given.push(frameNumber(whole))))).toBe('malformed')
    expect(given).toEqual([1, 2])
  })

  it('goes by a limit raised between two frames', () => {
    const small = frame(1, new Uint8Array(10))
    const large = frame(2, new Uint8Array(1000))
    const reader = new FrameReader(50)
    const given: number[] = []
    reader.push(joined([small, large.subarray(0, 3)]), (whole) => {
      given.push(frameNumber(whole))
      reader.limit = LIMIT
    })
    reader.push(large.subarray(3), (whole) => given.push(frameNumber(whole)))
    expect(given).toEqual([1, 2])
  })

  it('goes by a limit raised by the frame before, within one chunk', () => {
    const stream = joined([frame(1, []), frame(2, new Uint8Array(1000))])
    const reader = new FrameReader(50)
    const given: number[] = []
    reader.push(stream, (whole) => {
      given.push(frameNumber(whole))
      reader.limit = LIMIT
    })
    expect(given).toEqual([1, 2])
  })
})
