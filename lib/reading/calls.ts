import type { Reading } from '../store/reading.ts'
import type { WireError } from '../wire/error-codec.ts'

/** What can be asked of a reader of the file, whichever thread it lives in. */
export type ReadingCalls = Omit<Reading, 'close'>

/** Reads a file here or in another thread. */
export interface ReadingSource {
  /** @throws the database errors */
  call<M extends keyof ReadingCalls>(
    method: M,
    ...args: Parameters<ReadingCalls[M]>
  ): Promise<ReturnType<ReadingCalls[M]>>
  close(): Promise<void>
}

export interface ReadCall {
  number: number
  method: keyof ReadingCalls
  args: unknown[]
}

export type ReadAnswer = { number: number; value: unknown } | { number: number; error: WireError }
