/** Upper bounds of the buckets in ms, each inclusive; one more bucket holds what is longer. Never changed: files keep counts by them. */
export const BOUNDS: readonly number[] = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000,
]

export const BUCKETS = BOUNDS.length + 1

export function bucketOf(milliseconds: number): number {
  let bucket = 0
  while (bucket < BOUNDS.length && milliseconds > (BOUNDS[bucket] as number)) bucket++
  return bucket
}

/**
 * The value that a share of all lies at or below, in ms, as evenly spread within its bucket; null when nothing was
 * counted. What lies above the last bound is given as that bound.
 */
export function quantile(counts: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  let before = 0
  for (const [bucket, count] of counts.entries()) {
    const reached = before + count
    if (count > 0 && reached >= share * total) {
      const low = bucket === 0 ? 0 : (BOUNDS[bucket - 1] as number)
      const high = BOUNDS[bucket] ?? low
      return low + (high - low) * Math.max(0, (share * total - before) / count)
    }
    before = reached
  }
  return BOUNDS[BOUNDS.length - 1] as number
}
