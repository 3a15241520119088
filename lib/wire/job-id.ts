/** Random bytes an id takes, and for how many draws they are fetched at once: fetching costs a microsecond however few they are. */
const DRAW = 12
const POOL = new Uint8Array(64 * DRAW)
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
let random: ((bytes: Uint8Array) => void) | null = null
let drawn = POOL.length
let clock = 0
let counter = 0
/** What the ids of one millisecond have in common: the time in its two parts, two bits, and the last five bytes. */
let time: [high: string, low: string] = ['', '']
let bits = 0
let tail = ''
/** What those have in common of which only the last six bits of the counter differ. */
let head = ''
let headOf = -1

/**
 * A UUIDv7 (RFC 9562, section 5.7) of whole epoch milliseconds, rising within this thread so that jobs stored in one batch
 * sort in call order.
 *
 * Drawing 16 random bytes an id costs more than the rest of an enqueue, so bytes are drawn once a millisecond and
 * the 32-bit counter that RFC 9562 (section 6.2, method 1) allows rises in between. Written out here because the package
 * `uuid` is 22 modules, which every thread would load for these few lines; the tests hold the ids to it. `node:crypto` is
 * 20 more, loaded at the first id: most pool threads never make one.
 */
export function newJobId(now: number): string {
  if (now > clock) draw(now)
  else counter++
  if (headOf !== counter >>> 6) {
    headOf = counter >>> 6
    // The version and the variant stand before the parts of the counter. Joined, for a sum is a tree that each id would copy.
    const high = (0x7000 | ((counter >>> 20) & 0xfff)).toString(16)
    const middle = (0x8000 | (headOf & 0x3fff)).toString(16)
    head = [...time, high, middle, ''].join('-')
  }
  return head + (HEX[((counter << 2) & 0xff) | bits]! + tail)
}

function draw(now: number): void {
  clock = now
  if (drawn === POOL.length) {
    random ??= process.getBuiltinModule('node:crypto').randomFillSync
    random(POOL)
    drawn = 0
  }
  const bytes = POOL.subarray(drawn, drawn + DRAW)
  drawn += DRAW
  counter = (bytes[0]! << 22) | (bytes[1]! << 14) | (bytes[2]! << 6)
  bits = bytes[6]! & 3
  tail = HEX[bytes[7]!]! + HEX[bytes[8]!] + HEX[bytes[9]!] + HEX[bytes[10]!] + HEX[bytes[11]!]
  const hex = now.toString(16).padStart(12, '0')
  time = [hex.slice(0, 8), hex.slice(8)]
  headOf = -1
}

/** Epoch milliseconds inside a UUIDv7, or `null` for any other id. */
export function timeOfJobId(id: string): number | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)) return null
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}
