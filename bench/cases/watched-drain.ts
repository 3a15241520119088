import type { Case, Trial, TrialEnv } from '../case.ts'
import { type Opened, openApp } from '../ours/app.ts'
import { drainRate, startWarm } from '../ours/drain.ts'
import { takeHistory } from '../ours/history.ts'
import { BASE, openDashboard } from '../ours/pages.ts'
import { readRows } from '../ours/rows.ts'

const jobsOf = ({ quick }: TrialEnv) => (quick ? 60_000 : 150_000)
const HISTORY = 100_000
const WARMUP = 2_000

/** Does what a browser with the overview open does: fetches it anew whenever the stream tells of something, once a second at most, and less often when answers take long. */
function openOverview(opened: Opened): { close(): Promise<number> } {
  const dashboard = openDashboard(opened)
  const ask = (path: string): Promise<Response> =>
    dashboard.fetch(new Request(`http://127.0.0.1${BASE}/${path}`, { headers: { 'x-part': 'changing' } }))
  let fetched = 0
  const looking = (async () => {
    const stream = (await ask('live')).body?.getReader()
    for (let next = 0; stream; ) {
      const { done, value } = await stream.read()
      if (done) return
      if (!Buffer.from(value).includes('event: tick') || performance.now() < next) continue
      const asked = performance.now()
      if ((await (await ask('')).text()).length > 0) fetched++
      next = asked + Math.min(5_000, Math.max(1_000, 20 * (performance.now() - asked)))
    }
  })()
  return {
    async close() {
      dashboard.close()
      await looking
      return fetched
    },
  }
}

const drain =
  (watched: boolean): Trial =>
  async (env) => {
    const file = takeHistory(env, HISTORY)
    const opened = await openApp(file)
    await startWarm(opened, WARMUP)
    const overview = watched ? openOverview(opened) : null
    const before = process.cpuUsage()
    const perSecond = await drainRate(opened, file, jobsOf(env))
    const { user, system } = process.cpuUsage(before)
    if (overview && (await overview.close()) === 0) throw new Error('the overview was never fetched')
    await opened.app.stop()
    const rows = readRows(file)
    const { STARTED = 0 } = rows.states()
    rows.close()
    if (STARTED > 0) throw new Error(`${STARTED} jobs were left running`)
    return { perSecond, cpu: (user + system) / jobsOf(env) }
  }

export const watchedDrain: Case = {
  name: 'watched-drain',
  what: 'drain of 150,000 no-op jobs, 2 warm threads, while somebody has the overview open and it follows what happens',
  baseline: 'the same with no dashboard open',
  repetitions: 7,
  trials: { watched: drain(true), alone: drain(false) },
  figures: [
    {
      name: 'drain, dashboard open',
      unit: '/s',
      ours: 'watched.perSecond',
      baseline: 'alone.perSecond',
      compare: 'ratio',
      least: 0.95,
    },
    {
      name: 'CPU of 1,000 jobs, dashboard open',
      unit: 'ms',
      ours: 'watched.cpu',
      baseline: 'alone.cpu',
      compare: 'ratio',
    },
  ],
}
