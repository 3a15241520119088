/** Gives the library what it was not made for. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { integer } from '../../crash/random.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import { tryDeclarations } from './declarations.ts'
import { tryRows } from './rows.ts'

const CASES: Record<Size, { values: number; declarations: number; rows: number }> = {
  short: { values: 3_000, declarations: 2_000, rows: 100 },
  nightly: { values: 500_000, declarations: 500_000, rows: 20_000 },
  release: { values: 5_000_000, declarations: 5_000_000, rows: 200_000 },
}

export const badInput: Suite = {
  name: 'bad-input',
  what: 'sends any value as argument, result, error and option, and damages rows: each is kept or refused with a reason, and harms no other',
  missing: () => null,
  async run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
    const values = Math.ceil(CASES[size].values * share)
    const declarations = Math.ceil(CASES[size].declarations * share)
    const rows = Math.ceil(CASES[size].rows * share)
    const folder = mkdtempSync(join(tmpdir(), 'celeriac-bad-input-'))
    process.env.BAD_INPUT_DATABASE = join(folder, 'jobs.db')
    try {
      const { app } = await import('./app.ts')
      const { tryValues } = await import('./values.ts')
      await app.start()
      const declared = tryDeclarations(declarations, integer(random, 0, 2 ** 31 - 1))
      const violations = await tryValues(values, random, (done) => progress(done, values + rows)).finally(() =>
        app.stop(),
      )
      const damaged = await tryRows(rows, random, (done) => progress(values + done, values + rows))
      return {
        cases: values + declared.cases + rows,
        violations: [...declared.violations, ...violations, ...damaged],
        notes: { values, declarations: declared.cases, 'damaged rows': rows },
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
