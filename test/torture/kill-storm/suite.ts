/** Processes killed and suspended at random instants, over and over, on the same files. */
import { describeViolations } from '../../crash/check.ts'
import { CrashRun, type Package } from '../../crash/children.ts'
import { patchedPackage, removePatchedPackage } from '../../crash/patched-package.ts'
import { SHORT_LEASE } from '../../crash/planted-bugs.ts'
import { integer, type Random, seeded } from '../../crash/random.ts'
import { drainAndJudge } from '../../crash/verdict.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import { killStorm, type StormOptions } from './storm.ts'

const KILLS: Record<Size, number> = { short: 300, nightly: 20_000, release: 100_000 }
/** Kills on one file, so that its log stays small. */
const KILLS_A_FILE = 75
/** Whoever waits for the tests gets more kills of those that cost less, and sooner. */
const LIVES: Record<Size, Pick<StormOptions, 'producers' | 'window'>> = {
  short: { producers: 0.78, window: 30 },
  nightly: { producers: 0.6, window: 40 },
  release: { producers: 0.6, window: 40 },
}
/** Files at the same time. */
const LANES = 2
/** In some files nobody is left to take over: the next process finds what the last one held. */
const PROCESSES = [3, 1, 4, 2, 1] as const
/** Half as many are suspended as are killed; of the library as it is, none for as long as a lease. */
const SUSPENDED = { share: 0.5, longest: 250 }
const LEASE = 30_000
/** One file in so many, of the longer sizes, is worked on under a lease that some suspensions outlast. */
const SHORT_LEASE_EVERY = 12
const OUTLASTING = { share: 0.4, longest: 4_000 }
const LEASE_SHORTENED = 1_500

interface Storm {
  file: number
  seed: number
  kills: number
  processes: number
  /** The lease is short enough to be outlasted. */
  outlasted: boolean
}

interface Totals {
  kills: number
  suspensions: number
  worked: number
  jobs: number
  extraRuns: number
}

export const killStormSuite: Suite = {
  name: 'kill-storm',
  what: 'kills and suspends one to four processes at random instants while they enqueue, run and settle short jobs',
  missing: () => null,
  async run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
    const storms = draw(Math.ceil(KILLS[size] * share), size, random)
    const most = storms.reduce((sum, { kills }) => sum + kills, 0)
    const totals: Totals = { kills: 0, suspensions: 0, worked: 0, jobs: 0, extraRuns: 0 }
    const violations: string[] = []
    const shortLease = storms.some(({ outlasted }) => outlasted) ? patchedPackage(SHORT_LEASE) : null
    try {
      const work = async (): Promise<void> => {
        for (let storm = storms.shift(); storm; storm = storms.shift()) {
          const found = await rage(storm, LIVES[size], storm.outlasted ? shortLease : null, totals)
          if (found !== '') violations.push(`file ${storm.file} (${JSON.stringify(storm)}): ${found}`)
          progress(totals.kills, most)
        }
      }
      await Promise.all(Array.from({ length: LANES }, work))
    } finally {
      if (shortLease) removePatchedPackage(shortLease)
    }
    const { kills, suspensions, worked, jobs, extraRuns } = totals
    return {
      cases: kills + suspensions,
      kills,
      violations,
      notes: { kills, suspensions, worked, jobs, 'extra runs': extraRuns },
    }
  },
}

function draw(kills: number, size: Size, random: Random): Storm[] {
  const storms: Storm[] = []
  for (let left = kills, file = 1; left > 0; left -= KILLS_A_FILE, file++) {
    storms.push({
      file,
      seed: integer(random, 0, 2 ** 31 - 1),
      kills: Math.min(left, KILLS_A_FILE),
      processes: PROCESSES[(file - 1) % PROCESSES.length] as number,
      outlasted: size !== 'short' && file % SHORT_LEASE_EVERY === 0,
    })
  }
  return storms
}

/** One storm on one file; gives what was found, or an empty text. */
async function rage(
  { seed, kills, processes, outlasted }: Storm,
  lives: Pick<StormOptions, 'producers' | 'window'>,
  pkg: Package | null,
  totals: Totals,
): Promise<string> {
  const run = new CrashRun(pkg ? { pkg } : {})
  try {
    const suspensions = await killStorm(run, seeded(seed), {
      ...lives,
      kills,
      processes: outlasted ? Math.max(2, processes) : processes,
      suspended: outlasted ? OUTLASTING : SUSPENDED,
      lease: outlasted ? LEASE_SHORTENED : LEASE,
    })
    const verdict = await drainAndJudge(run)
    // Added only now: another lane counts meanwhile.
    totals.suspensions += suspensions
    totals.kills += kills
    totals.worked += verdict.worked
    totals.jobs += verdict.jobs
    totals.extraRuns += verdict.extraRuns
    return describeViolations(verdict)
  } catch (error) {
    return String((error as Error).stack ?? error)
  } finally {
    await run.end()
  }
}
