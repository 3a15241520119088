import { join } from 'node:path'
import Database from 'better-sqlite3'
import { nextSlot } from '../../lib/domain/schedule-spec.ts'
import type { Case, Sample, TrialEnv } from '../case.ts'
import { expectEqual } from '../check.ts'
import { nextMessage, startEntry } from '../entries/entry.ts'
import { percentile } from '../numbers.ts'
import { openApp } from '../ours/app.ts'
import { expectRows } from '../ours/rows.ts'

const YEAR = 365 * 86_400_000
/** As in the case `idle`. */
const SETTLE = 20
const watch = ({ quick }: TrialEnv) => (quick ? 10 : 60)
const slots = ({ quick }: TrialEnv) => (quick ? 20 : 100)
/** Time between two slots, in ms: the pool is idle again before each. */
const APART = 100

const spread = (times: readonly number[]): Sample => ({ p50: percentile(times, 0.5), p99: percentile(times, 0.99) })

async function within(seconds: number, done: () => boolean): Promise<void> {
  const end = performance.now() + seconds * 1_000
  while (!done()) {
    if (performance.now() > end) throw new Error(`not done after ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** From each slot's nominal time to the start of its function. */
async function latency(env: TrialEnv): Promise<Sample> {
  const file = join(env.dir, 'ours.db')
  const { app, noop } = await openApp(file)
  const fired: string[] = []
  app.on('schedule-fired', ({ id }) => void fired.push(id))
  await app.start()
  const first = Date.now() + 1_000
  for (let i = 0; i < slots(env); i++) await app.schedules.set(`at-${i}`, { at: first + i * APART, run: noop.s() })
  await within(60, () => fired.length === slots(env))
  const late: number[] = []
  for (const id of fired) {
    await app.result(id).get({ timeout: '10s' })
    const info = await app.result(id).info()
    late.push(Number(info?.startedAt) - Number(info?.scheduledFor))
  }
  await app.stop()
  expectRows(file, { SUCCESS: slots(env) })
  return spread(late)
}

/** How late a plain timer is. */
async function timers(env: TrialEnv): Promise<Sample> {
  const late: number[] = []
  for (let i = 0; i < slots(env); i++) {
    const at = Date.now() + APART
    await new Promise((resolve) => setTimeout(resolve, at - Date.now()))
    late.push(Date.now() - at)
  }
  return spread(late)
}

/** From a second in which 1,000 schedules are due until the commit that holds the last of their jobs is told of. */
async function sameSecond(env: TrialEnv): Promise<Sample> {
  const file = join(env.dir, 'ours.db')
  const { app, noop } = await openApp(file)
  let fired = 0
  let last = 0
  app.on('schedule-fired', () => {
    fired++
    last = Date.now()
  })
  await app.start({ role: 'beat' })
  const cron = (second: number): string => `${second} * * * * *`
  const at = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 5_000)
  const names = Array.from({ length: 1_000 }, (_, i) => `s${i}`)
  await Promise.all(names.map((name) => app.schedules.set(name, { cron: cron(at.getUTCSeconds()), run: noop.s() })))
  if (Date.now() >= Number(at)) throw new Error('storing the schedules took too long')
  await within(30, () => fired === names.length)
  await app.stop()
  expectRows(file, { PENDING: names.length })
  return { ms: last - Number(at) }
}

/** A process starts after a year in which a schedule had a slot each second. */
async function missedYear(env: TrialEnv): Promise<Sample> {
  const file = join(env.dir, 'ours.db')
  const { app, noop } = await openApp(file)
  await app.schedules.set('second', { cron: '* * * * * *', misfire: 'all', overlap: 'allow', run: noop.s() })
  await app.schedules.pause('second')
  await app.stop()
  const db = new Database(file)
  const first = Math.floor(Date.now() / 1_000) * 1_000 - YEAR
  db.prepare('UPDATE celeriac_schedules SET next_slot = ?, fire_at = ?, paused = 0').run(first, first)
  let fired = 0
  app.on('schedule-fired', () => void fired++)
  const before = process.memoryUsage().rss
  const begun = performance.now()
  await app.start({ role: 'beat' })
  await within(60, () => fired >= 100)
  const ms = performance.now() - begun
  const rss = (process.memoryUsage().rss - before) / 1_048_576
  await app.stop()
  const accounted = db
    .prepare('SELECT sum(slots) >= ? FROM celeriac_slots')
    .pluck()
    .get(YEAR / 1_000)
  expectEqual(accounted, 1, 'every second of the year has its row, or its share of one')
  db.close()
  return { ms, rss }
}

/** One step of each kind of expression in every zone, the first of a zone included. */
async function arithmetic({ quick }: TrialEnv): Promise<Sample> {
  const zones = Intl.supportedValuesOf('timeZone').filter((_, i) => !quick || i % 10 === 0)
  const expressions = ['30 2 * * *', '0 */2 * * *', '*/5 9-17 * * 1-5', '0 0 1 1 *', '15 30 1 L * *', '0 9 * * 1#2']
  const took: number[] = []
  for (const timezone of zones) {
    for (const expression of expressions) {
      for (const after of [Date.UTC(2026, 2, 28, 20), Date.UTC(2026, 9, 24, 20), Date.UTC(2031, 6, 1)]) {
        const begun = performance.now()
        const slot = nextSlot({ kind: 'cron', expression, timezone }, 'bench', after)
        took.push(performance.now() - begun)
        if (slot === null || slot.at <= after) throw new Error(`'${expression}' in ${timezone} has no next slot`)
      }
    }
  }
  return { p50: percentile(took, 0.5), worst: Math.max(...took) }
}

async function idleCpu(env: TrialEnv, database: string, schedules: number): Promise<Sample> {
  const child = startEntry('idle', [database, String(SETTLE), String(watch(env)), String(schedules)])
  return { percent: (await nextMessage<{ percent: number }>(child)).percent }
}

export const beat: Case = {
  name: 'beat',
  what:
    'schedules: from the nominal time to the start of the function, pool idle; 1,000 due in the same second until the last job is ' +
    'committed; the start after a year of missed seconds under misfire: all; the next slot over all zones',
  baseline: 'for the latency, a plain setTimeout',
  trials: { latency, timers, sameSecond, missedYear, arithmetic },
  figures: [
    { name: 'firing latency p50', unit: 'ms', ours: 'latency.p50', baseline: 'timers.p50', compare: 'value' },
    { name: 'firing latency p99', unit: 'ms', ours: 'latency.p99', baseline: 'timers.p99', compare: 'value', most: 50 },
    { name: '1,000 slots in one second', unit: 'ms', ours: 'sameSecond.ms', compare: 'value', most: 200 },
    { name: 'a missed year of seconds', unit: 'ms', ours: 'missedYear.ms', compare: 'value', most: 2_000 },
    { name: 'memory for that year', unit: 'MB', ours: 'missedYear.rss', compare: 'value', most: 60 },
    { name: 'next slot, median', unit: 'ms', ours: 'arithmetic.p50', compare: 'value', most: 1 },
    { name: 'next slot, worst', unit: 'ms', ours: 'arithmetic.worst', compare: 'value', most: 50 },
  ],
}

export const beatIdle: Case = {
  name: 'beat-idle',
  what: 'CPU of a process with 10,000 schedules of which none is due, over 60 s, as a percentage of one core',
  baseline: 'a bare Node process',
  parallel: true,
  trials: {
    ours: (env) => idleCpu(env, join(env.dir, 'ours.db'), 10_000),
    bare: (env) => idleCpu(env, 'bare', 0),
  },
  figures: [
    {
      name: 'idle, 10,000 schedules',
      unit: '%',
      ours: 'ours.percent',
      baseline: 'bare.percent',
      compare: 'value',
      most: 0.5,
    },
  ],
}
