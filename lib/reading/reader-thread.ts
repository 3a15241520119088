import type { Worker } from 'node:worker_threads'
import { EngineCrashed } from '../errors.ts'
import { fromWireError } from '../wire/error-codec.ts'
import { startThread, threadProgram } from '../wire/own-thread.ts'
import type { ReadAnswer, ReadCall, ReadingCalls, ReadingSource } from './calls.ts'

interface Asked {
  worker: Worker
  resolve: (value: unknown) => void
  reject: (error: Error) => void
}

/**
 * Reads the file in a thread of its own, with a connection that cannot write: a slow query stops neither the event
 * loop nor the engine. The thread begins with the first call and keeps the process alive only while one is unanswered.
 */
export class ReaderThread implements ReadingSource {
  readonly #path: string
  readonly #asked = new Map<number, Asked>()
  #worker: Worker | null = null
  #number = 0

  constructor(path: string) {
    this.#path = path
  }

  call<M extends keyof ReadingCalls>(
    method: M,
    ...args: Parameters<ReadingCalls[M]>
  ): Promise<ReturnType<ReadingCalls[M]>> {
    const number = ++this.#number
    this.#worker ??= this.#begin()
    const worker = this.#worker
    return new Promise((resolve, reject) => {
      this.#asked.set(number, { worker, resolve: resolve as (value: unknown) => void, reject })
      worker.ref()
      worker.postMessage({ number, method, args } satisfies ReadCall)
    })
  }

  /** Ends the thread. A later call begins another. */
  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    await worker?.terminate()
  }

  #begin(): Worker {
    const worker = startThread(threadProgram('reading'), {
      workerData: this.#path,
      name: 'celeriac-reader',
    })
    worker.on('message', (answer: ReadAnswer) => {
      const asked = this.#asked.get(answer.number)
      this.#asked.delete(answer.number)
      if (this.#asked.size === 0) worker.unref()
      if ('error' in answer) asked?.reject(fromWireError(answer.error))
      else asked?.resolve(answer.value)
    })
    worker.on('error', (error) => this.#lost(worker, error.message))
    worker.on('exit', (code) => this.#lost(worker, `it exited with code ${code}`))
    worker.unref()
    return worker
  }

  #lost(worker: Worker, why: string): void {
    if (this.#worker === worker) this.#worker = null
    const error = new EngineCrashed(`the reader thread ended before it answered: ${why} — ask again`)
    for (const [number, asked] of this.#asked) {
      if (asked.worker !== worker) continue
      this.#asked.delete(number)
      asked.reject(error)
    }
  }
}
