/** Gives the library what it was not made for. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { integer } from '../../crash/random.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import { tryDeclarations } from './declarations.ts'

const CASES: Record<Size, { values: number; declarations: number }> = {
  short: { values: 3_000, declarations: 2_000 },
  nightly: { values: 500_000, declarations: 500_000 },
  release: { values: 5_000_000, declarations: 5_000_000 },
}

export const badInput: Suite = {
  name: 'bad-input',
  what: 'sends any value as argument, result, error and option: it comes through unchanged or is refused with a reason',
  missing: () => null,
  async run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
    const values = Math.ceil(CASES[size].values * share)
    const declarations = Math.ceil(CASES[size].declarations * share)
    const folder = mkdtempSync(join(tmpdir(), 'celeriac-bad-input-'))
    process.env.BAD_INPUT_DATABASE = join(folder, 'jobs.db')
    try {
      const { app } = await import('./app.ts')
      const { tryValues } = await import('./values.ts')
      await app.start()
      const declared = tryDeclarations(declarations, integer(random, 0, 2 ** 31 - 1))
      const violations = await tryValues(values, random, (done) => progress(done, values)).finally(() => app.stop())
      return {
        cases: values + declared.cases,
        violations: [...declared.violations, ...violations],
        notes: { values, declarations: declared.cases },
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
