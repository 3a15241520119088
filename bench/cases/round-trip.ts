import { join } from 'node:path'
import type { Case, TrialEnv } from '../case.ts'
import { openApp } from '../ours/app.ts'
import { roundTrip } from '../ours/round-trip.ts'
import { expectRows } from '../ours/rows.ts'
import { rawRoundTrip } from '../raw/round-trip.ts'

const trips = ({ quick }: TrialEnv) => (quick ? 200 : 2_000)
/** Of both sides: a steady state. Until then V8 compiles the paths of three threads on the cores that they run on. */
const warmup = ({ quick }: TrialEnv) => (quick ? 500 : 10_000)

export const roundTripCase: Case = {
  name: 'round-trip',
  what: 'idle worker, `delay` → `get` of a no-op, one after another; both sides after 10,000 trips',
  baseline: 'insert (commit), claim (commit), raw piscina, finish (commit), one after another',
  trials: {
    async ours(env) {
      const file = join(env.dir, 'ours.db')
      const opened = await openApp(file)
      await opened.app.start()
      const { p50, p99 } = await roundTrip(opened, trips(env), warmup(env))
      await opened.app.stop()
      expectRows(file, { SUCCESS: trips(env) + warmup(env) })
      return { p50, p99 }
    },
    async raw(env) {
      const { p50, p99 } = await rawRoundTrip(join(env.dir, 'raw.db'), trips(env), warmup(env))
      return { p50, p99 }
    },
  },
  figures: [
    { name: 'round-trip p50', unit: 'ms', ours: 'ours.p50', baseline: 'raw.p50', compare: 'ratio', most: 1.2 },
    { name: 'round-trip p99 / p50', unit: 'ms', ours: 'ours.p99', baseline: 'ours.p50', compare: 'ratio', most: 4 },
    { name: 'round-trip p99', unit: 'ms', ours: 'ours.p99', baseline: 'raw.p99', compare: 'ratio' },
    { name: 'raw p99 / p50', unit: 'ms', ours: 'raw.p99', baseline: 'raw.p50', compare: 'ratio' },
  ],
}
