/** Milliseconds that rise steadily and mean the same in every thread of the process, as `performance.now()` does not. */
export function steadyNow(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}
