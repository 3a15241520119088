const RANDOM = new Uint8Array(12)
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
let random: ((bytes: Uint8Array) => void) | null = null
let clock = 0
let counter = 0
/** What the ids of one millisecond have in common: the time, with its hyphens, and the last five bytes. */
let head = ''
let tail = ''

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
  if (now > clock) {
    clock = now
    random ??= process.getBuiltinModule('node:crypto').randomFillSync
    random(RANDOM)
    counter = (RANDOM[0]! << 22) | (RANDOM[1]! << 14) | (RANDOM[2]! << 6)
    const time = now.toString(16).padStart(12, '0')
    head = `${time.slice(0, 8)}-${time.slice(8)}`
    tail = Array.from(RANDOM.subarray(7), (byte) => HEX[byte]).join('')
  } else {
    counter++
  }
  // The version and the variant stand before the parts of the counter.
  const high = (0x7000 | ((counter >>> 20) & 0xfff)).toString(16)
  const middle = (0x8000 | ((counter >>> 6) & 0x3fff)).toString(16)
  const low = HEX[((counter << 2) & 0xff) | (RANDOM[6]! & 3)]!
  return `${head}-${high}-${middle}-${low}${tail}`
}

/** Epoch milliseconds inside a UUIDv7, or `null` for any other id. */
export function timeOfJobId(id: string): number | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)) return null
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}
