import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { Reading } from '../store/reading.ts'
import { toWireError } from '../wire/error-codec.ts'
import type { ReadAnswer, ReadCall } from './calls.ts'

/** Entry of the reader thread: one call after another. */
const port = parentPort as MessagePort
const reading = new Reading(workerData as string)

port.on('message', ({ number, method, args }: ReadCall) => {
  let answer: ReadAnswer
  try {
    const call = reading[method] as (...args: unknown[]) => unknown
    answer = { number, value: call.apply(reading, args) }
  } catch (error) {
    answer = { number, error: toWireError(error) }
  }
  port.postMessage(answer)
})
