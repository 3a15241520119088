import { setTimeout as pause } from 'node:timers/promises'
import { app } from './app.ts'

const UNFINISHED = ['SCHEDULED', 'PENDING', 'BLOCKED', 'STARTED', 'RETRY'] as const

/** Polls until every job has ended; false when none more ends for `patience` ms, however long all of them take. */
export async function idle(patience = 60_000): Promise<boolean> {
  let before = Number.NaN
  let deadline = 0
  while (true) {
    const { states } = await app.inspect.stats()
    const left = UNFINISHED.reduce((sum, state) => sum + (states[state] ?? 0), 0)
    if (left === 0) return true
    const now = performance.now()
    if (left !== before) deadline = now + patience
    else if (now >= deadline) return false
    before = left
    await pause(10)
  }
}
