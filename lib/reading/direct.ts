import type { Reading } from '../store/reading.ts'
import type { ReadingCalls, ReadingSource } from './calls.ts'

/** Reads the file in the calling thread: for a program that does nothing else, such as the command line. */
export class DirectReading implements ReadingSource {
  readonly #path: string
  #reading: Promise<Reading> | null = null

  constructor(path: string) {
    this.#path = path
  }

  async call<M extends keyof ReadingCalls>(
    method: M,
    ...args: Parameters<ReadingCalls[M]>
  ): Promise<ReturnType<ReadingCalls[M]>> {
    this.#reading ??= this.#load()
    const reading = await this.#reading
    const call = reading[method] as (...args: unknown[]) => unknown
    return call.apply(reading, args) as ReturnType<ReadingCalls[M]>
  }

  async close(): Promise<void> {
    const reading = await this.#reading
    reading?.close()
  }

  /** At the first call: every pool thread imports the library, and 30 modules of it serve only readers. */
  async #load(): Promise<Reading> {
    const { Reading } = await import('../store/reading.ts')
    return new Reading(this.#path)
  }
}
