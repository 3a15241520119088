import { integer, type Random } from '../../crash/random.ts'

/** Ways in which a file goes bad. */
const WAYS: Record<string, (bytes: Buffer, random: Random) => Buffer> = {
  'bytes changed': (bytes, random) => {
    for (let left = integer(random, 1, 40); left > 0 && bytes.length > 0; left--)
      bytes[integer(random, 0, bytes.length - 1)] = integer(random, 0, 255)
    return bytes
  },
  'bits turned': (bytes, random) => {
    for (let left = integer(random, 1, 8); left > 0 && bytes.length > 0; left--) {
      const at = integer(random, 0, bytes.length - 1)
      bytes[at] = (bytes[at] as number) ^ (1 << integer(random, 0, 7))
    }
    return bytes
  },
  'cut off': (bytes, random) => bytes.subarray(0, integer(random, 0, bytes.length)),
  'a page of zeros': (bytes, random) => {
    const at = 4_096 * integer(random, 0, Math.max(0, Math.floor(bytes.length / 4_096) - 1))
    return bytes.fill(0, at, at + 4_096)
  },
  'two pages swapped': (bytes, random) => {
    const pages = Math.floor(bytes.length / 4_096)
    if (pages < 2) return bytes
    const [a, b] = [integer(random, 0, pages - 1) * 4_096, integer(random, 0, pages - 1) * 4_096]
    const kept = Buffer.from(bytes.subarray(a, a + 4_096))
    bytes.copyWithin(a, b, b + 4_096)
    kept.copy(bytes, b)
    return bytes
  },
  'noise at the end': (bytes, random) =>
    Buffer.concat([
      bytes,
      Buffer.from(Array.from({ length: integer(random, 1, 9_000) }, () => integer(random, 0, 255))),
    ]),
  'the header changed': (bytes, random) => {
    if (bytes.length > 100) bytes[integer(random, 0, 99)] = integer(random, 0, 255)
    return bytes
  },
}

/** A damaged copy, and what was done to it. */
export function damaged(bytes: Buffer, random: Random): { way: string; bytes: Buffer } {
  const ways = Object.entries(WAYS)
  const [way, damage] = ways[integer(random, 0, ways.length - 1)] as (typeof ways)[number]
  return { way, bytes: damage(Buffer.from(bytes), random) }
}
