import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Case, TrialEnv } from '../case.ts'
import { percentile } from '../numbers.ts'
import { openApp } from '../ours/app.ts'
import { preparesHistory, sharedHistory } from '../ours/history.ts'
import { BASE, openDashboard } from '../ours/pages.ts'

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium'
const rowsOf = ({ quick }: TrialEnv) => (quick ? 50_000 : 2_000_000)
const TIMES = 10
/** Runs in the page: when it was first painted, in ms after it was asked for. */
const FIRST_PAINT = `new Promise((resolve) => new PerformanceObserver((list) => {
  const [first] = list.getEntriesByName('first-contentful-paint')
  if (first) resolve(first.startTime)
}).observe({ type: 'paint', buffered: true }))`

export const firstPaint: Case = {
  name: 'first-paint',
  what: `first contentful paint of the overview in Chromium over loopback, in a file of 2,000,000 finished jobs, p95 of ${TIMES}; and the first of all, with nothing in the browser's cache`,
  baseline: 'nothing',
  missing: () => (existsSync(EXECUTABLE) ? null : `there is no browser at ${EXECUTABLE}; name one in CHROMIUM`),
  repetitions: 3,
  timeLimit: 300,
  prepare: preparesHistory(rowsOf),
  trials: {
    async ours(env) {
      const opened = await openApp(sharedHistory(env, rowsOf(env)))
      const { app } = opened
      await app.start()
      const dashboard = openDashboard(opened)
      const server = createServer((incoming, outgoing) => void dashboard.node(incoming, outgoing))
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${BASE}/`
      // Imported late: every trial of every case loads this module, and a browser's driver is half a second of it.
      const { chromium } = await import('playwright-core')
      const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] })
      const page = await browser.newPage()
      const paints: number[] = []
      for (let i = 0; i <= TIMES; i++) {
        await page.goto(url, { waitUntil: 'load' })
        const paint = await page.evaluate<number>(FIRST_PAINT)
        paints.push(paint)
      }
      await browser.close()
      dashboard.close()
      server.close()
      await app.stop()
      const [cold = 0, ...warm] = paints
      return { cold, warm: percentile(warm, 0.95) }
    },
  },
  figures: [
    { name: 'first paint', unit: 'ms', ours: 'ours.warm', compare: 'value', most: 300 },
    { name: 'first paint, empty cache', unit: 'ms', ours: 'ours.cold', compare: 'value' },
  ],
}
