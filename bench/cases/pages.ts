import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createMetrics } from 'celeriac/metrics'
import type { Case, Figure, Sample, TrialEnv } from '../case.ts'
import { percentile } from '../numbers.ts'
import { openApp } from '../ours/app.ts'
import { preparesHistory, sharedHistory } from '../ours/history.ts'
import { openPages, PAGES, type PageName } from '../ours/pages.ts'

const rowsOf = ({ quick }: TrialEnv) => (quick ? 50_000 : 2_000_000)
const timesOf = ({ quick }: TrialEnv) => (quick ? 5 : 40)
const STARTS = 5
const COMMAND = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url))

/** 95th percentile of how long `work` takes, in ms, after three times that do not count. */
async function p95(times: number, work: () => Promise<unknown>): Promise<number> {
  for (let i = 0; i < 3; i++) await work()
  const took: number[] = []
  for (let i = 0; i < times; i++) {
    const began = performance.now()
    await work()
    took.push(performance.now() - began)
  }
  return percentile(took, 0.95)
}

/** Milliseconds from the start of a Node process to its end; refuses one that fails. */
function run(args: readonly string[]): Promise<number> {
  const began = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0 && said !== '') resolve(performance.now() - began)
      else reject(new Error(`${args.join(' ')} ended with ${code} and said ${said}`))
    })
  })
}

async function slowest(args: readonly string[]): Promise<number> {
  const took: number[] = []
  for (let i = 0; i < STARTS; i++) took.push(await run(args))
  return Math.max(...took)
}

const page = (name: PageName, what: string): Figure => {
  return { name: `page: ${what}`, unit: 'ms', ours: `ours.${name}`, compare: 'value', most: 50 }
}

export const pages: Case = {
  name: 'pages',
  what: `p95 of the time a page of the dashboard takes on the server, of a scrape, and the slowest of ${STARTS} commands, in a file of 2,000,000 finished jobs`,
  baseline: 'nothing; the commands: a Node process that prints one line',
  timeLimit: 300,
  prepare: preparesHistory(rowsOf),
  trials: {
    async ours(env) {
      const opened = await openApp(sharedHistory(env, rowsOf(env)))
      const { app } = opened
      await app.start()
      const show = await openPages(opened)
      const sample: Record<string, number> = {}
      for (const name of Object.keys(PAGES) as PageName[]) sample[name] = await p95(timesOf(env), () => show(name))
      const metrics = createMetrics(app)
      sample.scrape = await p95(timesOf(env), () => metrics.text())
      sample.day = await p95(timesOf(env), () => app.reader.throughput({ minutes: 1_440, step: 10 }))
      await app.stop()
      return sample as Sample
    },
    async command(env) {
      const on = ['--database', sharedHistory(env, rowsOf(env))]
      const took: number[] = []
      for (const what of ['active', 'queues', 'workers'])
        took.push(await slowest([COMMAND, 'inspect', what, '--json', ...on]))
      return { inspect: Math.max(...took), bare: await slowest(['--eval', 'console.log(1)']) }
    },
  },
  figures: [
    page('overview', 'overview'),
    page('tasks', 'tasks'),
    page('failed', 'failed tasks'),
    page('byTask', 'by task'),
    page('byTag', 'by tag'),
    page('absentTask', 'a task that no job has'),
    page('absentTag', 'a tag that no job has'),
    page('absentError', 'a text that no error has'),
    page('failedAbsent', 'the same, failed tasks only'),
    page('longAgo', 'of 40 hours ago'),
    page('task', 'one task'),
    page('queues', 'queues'),
    page('schedules', 'schedules'),
    page('workers', 'workers'),
    page('events', 'events'),
    page('audit', 'audit'),
    { name: 'metrics scrape', unit: 'ms', ours: 'ours.scrape', compare: 'value', most: 10 },
    { name: 'throughput() of a day', unit: 'ms', ours: 'ours.day', compare: 'value', most: 50 },
    { name: 'inspect', unit: 'ms', ours: 'command.inspect', baseline: 'command.bare', compare: 'value', most: 300 },
  ],
}
