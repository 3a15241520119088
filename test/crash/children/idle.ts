import { setTimeout as pause } from 'node:timers/promises'
import { app } from './app.ts'

const UNFINISHED = ['SCHEDULED', 'PENDING', 'BLOCKED', 'STARTED', 'RETRY']

/** Polls until every job has ended; false when that takes longer than `patience` ms. */
export async function idle(patience = 30_000): Promise<boolean> {
  const deadline = performance.now() + patience
  while (performance.now() < deadline) {
    const { states } = await app.inspect.stats()
    if (UNFINISHED.every((state) => !states[state])) return true
    await pause(10)
  }
  return false
}
