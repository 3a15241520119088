/**
 * What something that arrives at the event loop at a random moment waits, p99, in milliseconds. A percentile of the delays themselves
 * would count one second of standing still as one delay among thousands, and so show nothing of it.
 */
export async function loopWaitP99(work: () => Promise<unknown>): Promise<number> {
  const gaps: number[] = []
  let last = performance.now()
  const look = (): void => {
    const now = performance.now()
    gaps.push(now - last)
    last = now
  }
  const timer = setInterval(look, 1)
  await work()
  clearInterval(timer)
  look()
  return arrivalWait(gaps, 0.99)
}

/** The wait that a share `p` of random moments does not exceed, where a moment waits for the end of its gap. */
export function arrivalWait(gaps: readonly number[], p: number): number {
  const total = gaps.reduce((sum, gap) => sum + gap, 0)
  if (total === 0) return 0
  const beyond = (wait: number) => gaps.reduce((sum, gap) => sum + Math.max(0, gap - wait), 0) / total
  let [low, high] = [0, gaps.reduce((most, gap) => Math.max(most, gap), 0)]
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2
    if (beyond(middle) > 1 - p) low = middle
    else high = middle
  }
  return high
}
