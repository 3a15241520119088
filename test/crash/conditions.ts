import { setTimeout as pause } from 'node:timers/promises'

/** Polls until `look` gives something. */
export async function until<T>(what: string, look: () => T | undefined | null | false, within = 60_000): Promise<T> {
  const deadline = performance.now() + within
  while (true) {
    const seen = look()
    if (seen !== undefined && seen !== null && seen !== false) return seen
    if (performance.now() > deadline) throw new Error(`${what}: not within ${within} ms`)
    await pause(2)
  }
}
