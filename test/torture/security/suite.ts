/** Whoever means harm: requests to the dashboard, and stored values that are not what the library wrote. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { integer } from '../../crash/random.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import { besiege } from './dashboard.ts'
import { readHostile } from './stored.ts'

const REQUESTS: Record<Size, { reflections: number; forgeries: number; wanderings: number }> = {
  short: { reflections: 240, forgeries: 120, wanderings: 60 },
  nightly: { reflections: 20_000, forgeries: 20_000, wanderings: 10_000 },
  release: { reflections: 100_000, forgeries: 100_000, wanderings: 50_000 },
}

/** Values read by the codec alone, and rows of a whole application. */
const VALUES: Record<Size, { decode: number; rows: number }> = {
  short: { decode: 5_000, rows: 60 },
  nightly: { decode: 1_000_000, rows: 10_000 },
  release: { decode: 10_000_000, rows: 100_000 },
}
/** Values that one process reads. */
const AT_ONCE = { decode: 100_000, rows: 60 }

export const security: Suite = {
  name: 'security',
  what: 'attacks the dashboard over HTTP, and reads values that somebody else may have stored',
  missing: () => null,
  async run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
    const folder = mkdtempSync(join(tmpdir(), 'celeriac-security-'))
    try {
      const each = Object.fromEntries(
        Object.entries(REQUESTS[size]).map(([kind, count]) => [kind, Math.ceil(count * share)]),
      ) as (typeof REQUESTS)[Size]
      const siege = await besiege({ database: join(folder, 'jobs.db'), random, each, progress })
      const violations = [...siege.violations]
      const read = { decode: 0, rows: 0 }
      for (const what of ['decode', 'rows'] as const) {
        const most = Math.ceil(VALUES[size][what] * share)
        while (read[what] < most) {
          const count = Math.min(AT_ONCE[what], most - read[what])
          const database = join(folder, `rows-${read.rows}.db`)
          const readings = await readHostile(what, integer(random, 0, 2 ** 31 - 1), count, database)
          violations.push(...readings.violations)
          read[what] += count
          progress(read[what], most)
        }
      }
      return {
        cases: siege.cases + read.decode + read.rows,
        violations,
        notes: {
          requests: siege.cases,
          'slowest answer, ms': Math.round(siege.slowest),
          'values decoded': read.decode,
          'rows read': read.rows,
        },
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
