const POSITION = 0
const USED = 1
const HEADER = 2 * Int32Array.BYTES_PER_ELEMENT
const CAPACITY = 16_384
const COMMA = 0x2c

/**
 * The log lines that a pool thread has not sent yet, in memory that the engine shares: a synchronous task lets no timer
 * fire, and what it said last before its thread had to be ended is what one wants to know. Lines are JSON.
 */
export class LogTail {
  readonly buffer: SharedArrayBuffer
  readonly #header: Int32Array
  readonly #bytes: Buffer

  constructor(buffer = new SharedArrayBuffer(HEADER + CAPACITY)) {
    this.buffer = buffer
    this.#header = new Int32Array(buffer, 0, 2)
    this.#bytes = Buffer.from(buffer, HEADER)
  }

  /** False when there is no room left: then what is here is to be sent. */
  append(position: number, line: string): boolean {
    // What a job before it left here, whose outcome is not sent either, goes: if the thread ends now that job runs again.
    const used = Atomics.load(this.#header, POSITION) === position ? Atomics.load(this.#header, USED) : 0
    if (used + line.length * 3 + 1 > CAPACITY) return false
    const from = used === 0 ? 0 : used + 1
    if (used > 0) this.#bytes[used] = COMMA
    const written = this.#bytes.write(line, from)
    Atomics.store(this.#header, POSITION, position)
    Atomics.store(this.#header, USED, from + written)
    return true
  }

  /** What was here has been sent. */
  clear(): void {
    Atomics.store(this.#header, USED, 0)
  }

  /** What was never sent, and the position of the job that wrote it. */
  read(): [position: number, lines: string] | null {
    const used = Atomics.load(this.#header, USED)
    if (used === 0) return null
    return [Atomics.load(this.#header, POSITION), `[${this.#bytes.toString('utf8', 0, used)}]`]
  }
}
