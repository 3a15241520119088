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

/** How near to a bound of their buckets all values may be taken to lie, as a share of the width. */
const NEAREST = 0.001

/**
 * The values that shares of all lie at or below, in ms; null when nothing was counted. Within a bucket values are taken to lie
 * so that the sum of all comes out: a task that always takes 1.01 s has no p95 of 1.95 s. What lies above the last bound is
 * given as that bound.
 *
 * @param sum of all values in ms; without it they are taken to be spread evenly
 */
export function quantiles(
  counts: readonly number[],
  shares: readonly number[],
  sum: number | null = null,
): number[] | null {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  const power = bend(counts, sum)
  return shares.map((share) => quantile(counts, share * total, power))
}

/** @param rank how many values lie at or below it */
function quantile(counts: readonly number[], rank: number, power: number): number {
  let before = 0
  for (const [bucket, count] of counts.entries()) {
    const reached = before + count
    if (count > 0 && reached >= rank) {
      const low = bucket === 0 ? 0 : (BOUNDS[bucket - 1] as number)
      const high = BOUNDS[bucket] ?? low
      return low + (high - low) * Math.max(0, (rank - before) / count) ** power
    }
    before = reached
  }
  return BOUNDS[BOUNDS.length - 1] as number
}

/**
 * The power of the place within a bucket with which the values add up to their sum: 1 spreads them evenly, more moves them towards
 * the lower bound.
 */
function bend(counts: readonly number[], sum: number | null): number {
  // What lies above the last bound may have any length.
  if (sum === null || (counts[BOUNDS.length] ?? 0) > 0) return 1
  let least = 0
  let width = 0
  for (const [bucket, high] of BOUNDS.entries()) {
    const low = BOUNDS[bucket - 1] ?? 0
    least += (counts[bucket] ?? 0) * low
    width += (counts[bucket] ?? 0) * (high - low)
  }
  const place = Math.min(1 - NEAREST, Math.max(NEAREST, (sum - least) / width))
  return (1 - place) / place
}
