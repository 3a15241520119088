import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const RANDOM = new Uint8Array(16)
let clock = 0
let counter = 0

/**
 * A UUIDv7 (RFC 9562, section 5.7), rising within this thread so that jobs stored in one batch sort in call order.
 *
 * Drawing 16 random bytes an id costs more than the rest of an enqueue, so bytes are drawn once a millisecond and
 * the 32-bit counter that RFC 9562 (section 6.2, method 1) allows rises in between.
 */
export function newJobId(now: number): string {
  if (now > clock) {
    clock = now
    randomFillSync(RANDOM)
    counter = (RANDOM[6]! << 22) | (RANDOM[7]! << 14) | (RANDOM[8]! << 6)
  } else {
    counter++
  }
  return v7({ msecs: clock, seq: counter, random: RANDOM })
}

/** Epoch milliseconds inside a UUIDv7, or `null` for any other id. */
export function timeOfJobId(id: string): number | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)) return null
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}
