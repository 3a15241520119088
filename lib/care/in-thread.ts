import type { CareCalls } from '../wire/care.ts'
import { fromWireError, type WireError } from '../wire/error-codec.ts'
import { startThread, threadProgram } from '../wire/own-thread.ts'

export interface CareOrder {
  call: keyof CareCalls
  args: unknown[]
}

export type CareAnswer = { value: unknown } | { error: WireError }

/**
 * Runs one call in a thread of its own, with a connection of its own: copying or examining a large file takes seconds,
 * which neither the event loop nor the engine may wait for.
 * @throws the database errors
 */
export function inThread<C extends keyof CareCalls>(
  call: C,
  ...args: Parameters<CareCalls[C]>
): Promise<ReturnType<CareCalls[C]>> {
  return new Promise((resolve, reject) => {
    const worker = startThread(threadProgram('care'), {
      workerData: { call, args } satisfies CareOrder,
      name: `celeriac-${call}`,
    })
    worker.on('message', (answer: CareAnswer) => {
      if ('error' in answer) reject(fromWireError(answer.error))
      else resolve(answer.value as ReturnType<CareCalls[C]>)
    })
    worker.on('error', reject)
    worker.on('exit', (code) => reject(new Error(`the thread that was to ${call} exited with code ${code}`)))
  })
}
