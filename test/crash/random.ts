/** A generator of numbers in [0, 1) that a seed fixes (mulberry32). */
export type Random = () => number

export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export function integer(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1))
}

/** The seed of this run: `CRASH_SEED` to repeat one, drawn otherwise. The choices repeat; the scheduler's do not. */
export function seedOfRun(): number {
  const given = process.env.CRASH_SEED
  if (given === undefined) return Math.floor(Math.random() * 2 ** 31)
  if (!/^\d+$/.test(given)) throw new Error(`CRASH_SEED is "${given}" — allowed: a whole number`)
  return Number(given)
}

/** How many kills a suite makes: `CRASH_KILLS` for longer runs. */
export function killsOfRun(fallback: number): number {
  const given = process.env.CRASH_KILLS
  if (given === undefined) return fallback
  if (!/^[1-9]\d*$/.test(given)) throw new Error(`CRASH_KILLS is "${given}" — allowed: a whole number above 0`)
  return Number(given)
}
