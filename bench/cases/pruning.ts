import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { PruneWalk } from '../../lib/store/prune-walk.ts'
import { Store } from '../../lib/store/store.ts'
import type { Case, Trial, TrialEnv } from '../case.ts'
import { nextMessage, startEntry } from '../entries/entry.ts'
import { percentile } from '../numbers.ts'
import { openApp } from '../ours/app.ts'
import { drainRate, startWarm } from '../ours/drain.ts'
import { preparesHistory, takeHistory } from '../ours/history.ts'

const rowsOf = ({ quick }: TrialEnv) => (quick ? 50_000 : 1_000_000)
const jobsOf = ({ quick }: TrialEnv) => (quick ? 10_000 : 100_000)
const WARMUP = 2_000
/** Transactions whose own CPU time is measured. */
const BATCHES = 200
/** How long the lock is watched while nothing but pruning writes, in ms. */
const WATCHED = 4_000

const kept = (file: string): number => {
  const db = new Database(file, { readonly: true })
  const jobs = db.prepare<[], number>("SELECT jobs FROM celeriac_counts WHERE state = 'SUCCESS'").pluck().get() ?? 0
  db.close()
  return jobs
}

const drain =
  (retention: string): Trial =>
  async (env) => {
    const file = takeHistory(env, rowsOf(env))
    const opened = await openApp(file, 2, retention)
    await startWarm(opened, WARMUP)
    const before = kept(file)
    const prunes = retention !== 'forever'
    // The pruner begins a few seconds after the start.
    while (prunes && kept(file) >= before) await sleep(50)
    const perSecond = await drainRate(opened, file, jobsOf(env))
    const pruned = before + jobsOf(env) - kept(file)
    if (prunes !== pruned > 0) throw new Error(`${pruned} jobs were pruned under a retention of ${retention}`)
    let hold = { p99: 0, max: 0 }
    if (prunes) {
      const probe = startEntry('writer-probe', [file])
      await nextMessage(probe)
      const from = kept(file)
      await sleep(WATCHED)
      if (kept(file) >= from) throw new Error('nothing was pruned while the lock was watched')
      probe.send({})
      hold = await nextMessage<typeof hold>(probe)
    }
    await opened.app.stop()
    return { perSecond, ...hold }
  }

/** CPU time of the transactions alone: what they take, whoever else is given the core meanwhile. */
const batches: Trial = async (env) => {
  const store = new Store(takeHistory(env, rowsOf(env)), 'full')
  const keep = { age: 1_000, count: null }
  const retention = { SUCCESS: keep, FAILURE: keep, REVOKED: keep, EXPIRED: keep }
  const walk = new PruneWalk(store.pruning, retention, () => performance.now())
  const spent: number[] = []
  for (let i = 0; i < BATCHES && (i === 0 || walk.underway); i++) {
    const page = walk.look(Date.now())
    const before = process.cpuUsage()
    const done = store.write(() => walk.remove(page))
    const { user, system } = process.cpuUsage(before)
    if (done.removed === 0 && page.next > 0) throw new Error('a page of old jobs was not pruned')
    spent.push((user + system) / 1_000)
    walk.moveOn(page, done)
  }
  store.close()
  return { cpuP50: percentile(spent, 0.5), cpuMax: Math.max(...spent) }
}

export const pruning: Case = {
  name: 'pruning',
  what: 'drain of 100,000 no-op jobs, 2 warm threads, while 1,000,000 finished ones are pruned; and, with nothing else to do, how long pruning keeps another writer waiting',
  baseline: 'the same file with nothing to prune',
  timeLimit: 300,
  prepare: preparesHistory(rowsOf),
  trials: { pruning: drain('1s'), kept: drain('forever'), batches },
  figures: [
    {
      name: 'drain while pruning',
      unit: '/s',
      ours: 'pruning.perSecond',
      baseline: 'kept.perSecond',
      compare: 'ratio',
      least: 0.8,
    },
    { name: 'pruning holds the writer, p99', unit: 'ms', ours: 'pruning.p99', compare: 'value', most: 20 },
    { name: 'pruning holds the writer, max', unit: 'ms', ours: 'pruning.max', compare: 'value' },
    { name: 'CPU of a batch, p50', unit: 'ms', ours: 'batches.cpuP50', compare: 'value' },
    { name: 'CPU of a batch, max', unit: 'ms', ours: 'batches.cpuMax', compare: 'value', most: 20 },
  ],
}
