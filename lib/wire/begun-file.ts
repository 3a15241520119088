import { chmodSync, closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { BEGUN_ENTRY_BYTES, BEGUN_RING } from './messages.ts'

/**
 * Which claims were begun, so that when a process dies only the jobs that were running are charged for it and those
 * that still waited behind them are handed back unharmed. Each lane of the pool writes the position and token of a job
 * into its own ring just before it calls the function: one `pwrite` of 16 bytes (0.6 µs), no sync, because the page
 * cache outlives the process. A power cut loses it; then all claims of the process count as begun.
 */
export function begunPath(database: string, key: string): string {
  return `${database}.${key}.begun`
}

/** For all who may open the database: whoever rescues the process's jobs reads it. */
export function createBegunFile(path: string, database: string): void {
  closeSync(openSync(path, 'wx', 0o600))
  chmodSync(path, statSync(database).mode & 0o666)
}

export function removeBegunFile(path: string): void {
  rmSync(path, { force: true })
}

/** Jobs that run on the application's own event loop at once, at most. They share one thread and are meant for I/O. */
export const MAIN_SLOTS = 16
/** The application's own thread, where threads of the pool count from 1: a thread that is replaced leaves its number to the next. */
export const MAIN_THREAD = 0

/** Where a thread of the pool notes what it begins; the first slots are for jobs on the application's thread. */
export function slotOf(thread: number): number {
  return MAIN_SLOTS + thread - 1
}

export class BegunWriter {
  readonly #fd: number
  readonly #base: number
  readonly #entry = new Float64Array(2)

  constructor(path: string, slot: number) {
    this.#fd = openSync(path, 'r+')
    this.#base = slot * BEGUN_RING * BEGUN_ENTRY_BYTES
  }

  /** Does not fail on a disk that is full or broken: then the job would never end, for want of what only its death needs. */
  write(position: number, token: number): void {
    this.#entry[0] = position + 1
    this.#entry[1] = token
    const place = this.#base + (position % BEGUN_RING) * BEGUN_ENTRY_BYTES
    try {
      writeSync(this.#fd, this.#entry, 0, BEGUN_ENTRY_BYTES, place)
    } catch {
      // A death under this job is not charged to it, unless it dies of it again.
    }
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** What a process has begun: claims with the number of their thread. `last` holds the claims that each lane began last: those it may have died under. */
export interface Begun {
  tokens: Map<number, number>
  last: Set<number>
  /** When it was last written to, in epoch ms. */
  at: number
}

/** Tells on which thread a process of this machine begins or began a claim that it holds; null of one that only waits its turn. */
export function threadsOfClaims(database: string): (key: string, token: number) => number | null {
  const known = new Map<string, Begun | null>()
  return (key, token) => {
    let begun = known.get(key)
    if (begun === undefined) {
      begun = readBegunFile(begunPath(database, key))
      known.set(key, begun)
    }
    return begun?.tokens.get(token) ?? null
  }
}

/** `null` when the file is missing or cut short by a lost write. */
export function readBegunFile(path: string): Begun | null {
  let bytes: Buffer
  let at: number
  try {
    bytes = readFileSync(path)
    at = statSync(path).mtimeMs
  } catch {
    return null
  }
  const begun: Begun = { tokens: new Map(), last: new Set(), at }
  const slots = Math.ceil(bytes.byteLength / (BEGUN_RING * BEGUN_ENTRY_BYTES))
  for (let slot = 0; slot < slots; slot++) {
    const thread = slot < MAIN_SLOTS ? MAIN_THREAD : slot - MAIN_SLOTS + 1
    let newest = 0
    let newestToken = 0
    for (let i = 0; i < BEGUN_RING; i++) {
      const at = (slot * BEGUN_RING + i) * BEGUN_ENTRY_BYTES
      if (at + BEGUN_ENTRY_BYTES > bytes.byteLength) break
      const position = bytes.readDoubleLE(at)
      if (position === 0) continue
      const token = bytes.readDoubleLE(at + 8)
      begun.tokens.set(token, thread)
      if (position > newest) {
        newest = position
        newestToken = token
      }
    }
    if (newest > 0) begun.last.add(newestToken)
  }
  return begun
}
