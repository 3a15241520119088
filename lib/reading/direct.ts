import { Reading } from '../store/reading.ts'
import type { ReadingCalls, ReadingSource } from './calls.ts'

/** Reads the file in the calling thread: for a program that does nothing else, such as the command line. */
export class DirectReading implements ReadingSource {
  readonly #reading: Reading

  constructor(path: string) {
    this.#reading = new Reading(path)
  }

  async call<M extends keyof ReadingCalls>(
    method: M,
    ...args: Parameters<ReadingCalls[M]>
  ): Promise<ReturnType<ReadingCalls[M]>> {
    const call = this.#reading[method] as (...args: unknown[]) => unknown
    return call.apply(this.#reading, args) as ReturnType<ReadingCalls[M]>
  }

  async close(): Promise<void> {
    this.#reading.close()
  }
}
