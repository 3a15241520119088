/** Apart from each other, so that two cores do not contend for one line of their caches. */
const SPACING = 16
const ANSWER = 2 * SPACING
const DOOR = 3 * SPACING
const CELLS = 4 * SPACING
const LARGEST = 2 ** 31 - 1

/** Who of the two at a port's ends rings. */
export type Ringer = 'app' | 'engine'

const RUNG: Record<Ringer, number> = { app: 0, engine: SPACING }

/**
 * Beside the port between the application's thread and the engine's, for the moments in which the other is awake and looks:
 * that something was posted, or heard, and the answer to a plain call.
 */
export class Bells {
  readonly buffer: SharedArrayBuffer
  readonly #cells: Int32Array

  constructor(buffer = new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer
    this.#cells = new Int32Array(buffer)
  }

  /** After something was posted, or heard. */
  ring(ringer: Ringer): void {
    Atomics.add(this.#cells, RUNG[ringer], 1)
  }

  /** How often it was rung. */
  heard(ringer: Ringer): number {
    return Atomics.load(this.#cells, RUNG[ringer])
  }

  /** The application takes answers from now on. */
  open(): void {
    Atomics.store(this.#cells, DOOR, 1)
  }

  /** It does not any more. One that was given before is to be taken after this. */
  close(): void {
    Atomics.store(this.#cells, DOOR, 0)
  }

  /** Hands over the number of a request that was stored. False when it is to be posted: nobody looks, or the last is still there. */
  give(request: number): boolean {
    const cells = this.#cells
    if (Atomics.load(cells, DOOR) === 0 || request > LARGEST) return false
    if (Atomics.compareExchange(cells, ANSWER, 0, request) !== 0) return false
    // Looked again: whoever has closed since may have looked for the last time before it was there.
    if (Atomics.load(cells, DOOR) === 1) return true
    return Atomics.compareExchange(cells, ANSWER, request, 0) !== request
  }

  /** The number that was given, 0 for none. */
  take(): number {
    if (Atomics.load(this.#cells, ANSWER) === 0) return 0
    return Atomics.exchange(this.#cells, ANSWER, 0)
  }
}
