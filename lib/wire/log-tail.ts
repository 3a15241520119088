import { END_PART } from './log-lines.ts'
import type { LogChunk } from './messages.ts'

/** Bytes in use, below the number that changes whenever what lay here goes: one cell, so that whoever changes it has all. */
const STATE = 0
const POSITION = 1
const PART = 2
const HEADER = 3 * Int32Array.BYTES_PER_ELEMENT
const CAPACITY = 16_384
const USED_BITS = 15
const USED = (1 << USED_BITS) - 1
/** Most bytes of a character of a string. */
const WIDEST = 3

/**
 * The part of a log that a pool thread has not sent yet, in memory that the engine shares: a synchronous task lets no
 * message out, and what it says has to be readable while it runs, above all when its thread has to be ended. Either side
 * takes the part, and each line is taken once.
 */
export class LogTail {
  readonly buffer: SharedArrayBuffer
  readonly #header: Int32Array
  readonly #bytes: Buffer
  /** As the thread left it. */
  #state = 0

  constructor(buffer = new SharedArrayBuffer(HEADER + CAPACITY)) {
    this.buffer = buffer
    this.#header = new Int32Array(buffer, 0, 3)
    this.#bytes = Buffer.from(buffer, HEADER)
  }

  /** For the thread, when nothing lies here: begins a part; false when it is too long. */
  begin(position: number, part: number, text: string): boolean {
    if (text.length * WIDEST > CAPACITY) return false
    const next = emptied(this.#state)
    this.#header[POSITION] = position
    this.#header[PART] = part
    const written = this.#bytes.write(text)
    this.#state = next + written
    Atomics.store(this.#header, STATE, this.#state)
    return true
  }

  /** For the thread: adds to the part that it began. When the engine has it, or there is no room, nothing is added. */
  append(text: string): 'added' | 'taken' | 'full' {
    const used = this.#state & USED
    if (used + text.length * WIDEST > CAPACITY) return 'full'
    const next = this.#state + this.#bytes.write(text, used)
    if (!this.#change(next)) return 'taken'
    return 'added'
  }

  /** For the thread: takes its part back, to send it; false when the engine has it. */
  withdraw(): boolean {
    return this.#change(emptied(this.#state))
  }

  /** For the engine: takes what lies here. */
  take(): LogChunk | null {
    const state = Atomics.load(this.#header, STATE)
    const used = state & USED
    if (used === 0) return null
    const { [POSITION]: position = 0, [PART]: part = 0 } = this.#header
    const text = this.#bytes.toString('utf8', 0, used)
    // What the thread changed meanwhile is there at the next look.
    if (Atomics.compareExchange(this.#header, STATE, state, emptied(state)) !== state) return null
    return [position, part, text + END_PART]
  }

  #change(next: number): boolean {
    const held = Atomics.compareExchange(this.#header, STATE, this.#state, next) === this.#state
    this.#state = held ? next : emptied(this.#state)
    return held
  }
}

/** The state after this one with nothing here. */
const emptied = (state: number): number => ((state >> USED_BITS) + 1) << USED_BITS
