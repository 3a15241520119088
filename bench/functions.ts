/** The plain functions that both sides run: Celeriac as tasks, raw piscina as they are. */
import { openSync, writeFileSync, writeSync } from 'node:fs'

/** Milliseconds of the clock that all processes of this machine share. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6

const never = new Int32Array(new SharedArrayBuffer(4))

/** Holds the thread for `ms` without using CPU. */
const block = (ms: number): void => void Atomics.wait(never, 0, 0, ms)

export const noop = (): null => null

export const fib = (n: number): number => (n < 2 ? n : fib(n - 1) + fib(n - 2))

export const FIB_27 = 196_418

/** Writes `lines` lines to the console. */
export function speak(lines: number): void {
  for (let i = 0; i < lines; i++) console.log('line %d of a job that says what it does', i)
}

/** Never ends; keeps when it began, and when it last ran, in a file. */
export function loop(marker: string): never {
  const times = new Float64Array(2).fill(monotonic())
  const file = openSync(marker, 'w')
  for (;;) {
    times[1] = monotonic()
    writeSync(file, times, 0, 16, 0)
  }
}

/** Resolves with when the signal aborted. */
export const heed = (signal: AbortSignal): Promise<number> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(monotonic())))

/** Returns when it began, then holds its thread for `ms`. */
export function hold(ms: number): number {
  const began = monotonic()
  if (ms > 0) block(ms)
  return began
}

/**
 * In the process `victim` it reports by creating `marker` and never ends; in any other it returns when it began.
 * So it can only finish if a process other than the killed one takes it over.
 */
export function orphan(victim: number, marker: string): number {
  const began = monotonic()
  if (process.pid === victim) {
    writeFileSync(marker, '')
    for (;;) block(60_000)
  }
  return began
}
