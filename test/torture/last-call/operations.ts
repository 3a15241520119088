/** One operation of the library, performed between two lines on stdout; promises and refusals are said in between. */
import { existsSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { Celeriac, CeleriacError } from 'celeriac'
import type { Promised } from '../power-cut/promised.ts'
import type { Aim } from './aims.ts'
import type { Operation } from './operation.ts'

type Role = Operation | 'prepare' | 'hold' | 'drain' | 'survive'

// Pool threads get the environment, and not the arguments.
if (isMainThread) process.env.LAST_CALL = process.argv.slice(2).join('\n')
const [operation, database] = (process.env.LAST_CALL as string).split('\n') as [Role, string]
/** Lies there while the survivor is alone on the file. */
const alone = `${database}.alone`
const quiet = (): void => {}

export const app = new Celeriac({
  name: 'last-call',
  database,
  tasks: import.meta.url,
  // A job that runs for ever is run again by whoever comes next.
  concurrency: ['hold', 'drain', 'survive'].includes(operation) ? 2 : 1,
  ...(operation === 'prune' && { retention: { success: 1, failure: 1 } }),
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
})
export const double = app.task('double', (n: number) => n * 2)
export const fail = app.task('fail', (n: number) => {
  throw new Error(`no ${n}`)
})
let failed = 0
export const flaky = app.task('flaky', { retry: { maxRetries: 2, delay: 1, jitter: 'none' } }, (n: number) => {
  if (failed++ === 0) throw new Error('once more')
  return n
})
const endless = async (mark?: string): Promise<void> => {
  if (operation === 'rescue') return
  if (operation === 'hold') writeFileSync(`${database}.${mark}`, '')
  if (operation !== 'survive') await pause(2 ** 30)
  // Until then it is whoever dies that is to have it running, or to revoke it here.
  while (!existsSync(alone)) await pause(5)
}
export const forever = app.task('forever', endless)
export const doomed = app.task('doomed', { onCrash: 'fail' }, endless)

const say = (line: Promised | Aim | { refused: string } | 'begin' | 'end' | 'ready' | 'done'): void =>
  void writeSync(1, `${JSON.stringify(line)}\n`)
const between = async (work: () => unknown): Promise<void> => {
  say('begin')
  try {
    await work()
  } catch (error) {
    say({ refused: error instanceof CeleriacError ? error.code : String(error) })
  }
  say('end')
}

const ended = async (handle: { id: string; get(): Promise<unknown> }, state: 'SUCCESS' | 'FAILURE'): Promise<void> => {
  const value = await handle.get().catch((error: Error) => {
    if (error.name !== 'TaskFailure') throw error
    return (error.cause as Error).message
  })
  say({ ended: handle.id, state, value })
}

const own = (): Database.Database => {
  const db = new Database(database)
  db.pragma('synchronous = FULL')
  return db
}

let crash: Error | null = null
app.on('engine-crashed', ({ error }) => {
  crash = error
})

/** Waits for what the engine does by itself, and whose failing no promise tells. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) {
    if (crash) throw crash
    await pause(5)
  }
}

/** Schedules that have slots to fire, at a time. */
const LATE = `SELECT count(*) FROM celeriac_schedules
  WHERE (fire_at <= ? OR queued_slot IS NOT NULL) AND paused = 0 AND disabled = 0`

/** A crash of the engine ends this process. */
const startOrDie = (): Promise<void> => {
  app.on('engine-crashed', ({ error }) => {
    throw error
  })
  return app.start()
}

const OPERATIONS: Record<Role, () => Promise<void>> = {
  /** What every other operation finds: jobs that ended, jobs that wait, an own table. */
  async prepare() {
    const db = own()
    db.pragma('journal_mode = WAL')
    db.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, job TEXT) STRICT')
    db.close()
    await app.start()
    const handles = await double.delayMany(Array.from({ length: 40 }, (_, i) => [i]))
    await Promise.all(handles.map((handle) => handle.get()))
    await double.applyAsync([1], { countdown: '1h' })
  },
  /** Dies with two jobs that run, of which one must not run again. */
  async hold() {
    await forever.delay('a')
    await doomed.applyAsync(['b'], { linkError: double.si(9) })
    await app.start()
    // What was claimed and had not begun would simply run.
    for (const mark of ['a', 'b']) {
      while (!existsSync(`${database}.${mark}`)) await pause(2)
      rmSync(`${database}.${mark}`)
    }
    process.kill(process.pid, 'SIGKILL')
  },
  /** Ends whatever was left. */
  async drain() {
    const began = Date.now()
    await startOrDie()
    await double.delay(1).then((handle) => handle.get())
    const db = own()
    const late = db.prepare(LATE).pluck()
    while (late.get(began) !== 0) await pause(5)
    db.close()
  },
  /** Works beside whatever dies; told that it is alone, it ends what is left. */
  async survive() {
    await startOrDie()
    const db = own()
    // Jobs that could run, slots that could fire, and processes that died.
    const due = db
      .prepare(`SELECT (SELECT count(*) FROM celeriac_processes) - 1 + (${LATE}) + count(*) FROM celeriac_jobs_now
        WHERE state NOT IN ('SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED', 'SCHEDULED')`)
      .pluck()
    let [works, number, working] = [false, 0, Promise.resolve()]
    const one = async (): Promise<void> => {
      const handle = await double.delay(++number)
      say({ stored: [handle.id] })
      await ended(handle, 'SUCCESS')
    }
    const work = async (): Promise<void> => {
      for (; works; await pause(3)) await one()
    }
    say('ready')
    for await (const line of createInterface({ input: process.stdin })) {
      works = line === 'work'
      if (works) working = work()
      else {
        writeFileSync(alone, '')
        await working
        await one()
        while (due.get(Date.now()) !== 0) await pause(5)
        rmSync(alone)
        say('done')
      }
    }
    db.close()
  },
  async enqueue() {
    await double.applyAsync([0], { countdown: '1h' })
    await between(async () => {
      for (let i = 0; i < 3; i++) say({ stored: [(await double.delay(i)).id] })
    })
  },
  async bulk() {
    await double.applyAsync([0], { countdown: '1h' })
    await between(async () => {
      const handles = await double.delayMany(Array.from({ length: 300 }, (_, i) => [i]))
      say({ stored: handles.map(({ id }) => id) })
    })
  },
  async within() {
    const db = own()
    const insert = db.prepare('INSERT INTO orders (job) VALUES (?)')
    await between(() => {
      for (let i = 0; i < 3; i++) {
        const store = db.transaction(() => {
          const handle = double.within(db).delay(i)
          insert.run(handle.id)
          return handle
        })
        say({ stored: [store.immediate().id], order: true })
      }
    })
    db.close()
  },
  async succeed() {
    await app.start()
    await between(async () => {
      for (let i = 0; i < 3; i++) await ended(await double.delay(i), 'SUCCESS')
    })
  },
  async fail() {
    await app.start()
    await between(async () => {
      for (let i = 0; i < 3; i++) await ended(await fail.delay(i), 'FAILURE')
    })
  },
  async retry() {
    await app.start()
    await between(async () => ended(await flaky.delay(7), 'SUCCESS'))
  },
  async 'revoke-waiting'() {
    const handles = await double.delayMany(
      [1, 2, 3].map((n) => [n]),
      { countdown: '1h' },
    )
    await between(async () => {
      for (const handle of handles) {
        await handle.revoke()
        say({ ended: handle.id, state: 'REVOKED', value: null })
      }
    })
  },
  async 'revoke-running'() {
    await app.start()
    const handle = await forever.delay()
    while ((await handle.state()) !== 'STARTED') await pause(2)
    await between(async () => {
      await handle.revoke({ terminate: true })
      await handle.get().catch((error: Error) => {
        if (error.name !== 'TaskRevoked') throw error
      })
      say({ ended: handle.id, state: 'REVOKED', value: null })
    })
  },
  async rescue() {
    const db = own()
    const held = db
      .prepare("SELECT id FROM celeriac_jobs WHERE state <> 'SUCCESS' OR task IN ('forever', 'doomed')")
      .pluck()
      .all() as string[]
    const job = db.prepare("SELECT id FROM celeriac_jobs WHERE task = 'doomed'").pluck().get() as string
    say({ stored: held })
    const state = db.prepare('SELECT state FROM celeriac_jobs WHERE id = ?').pluck()
    await between(async () => {
      await app.start()
      await until(() => state.get(job) !== 'PENDING')
    })
    db.close()
  },
  async slot() {
    app.schedule('often', { every: '1s', run: double.s(4) })
    await between(async () => {
      let fired = false
      app.on('schedule-fired', () => {
        fired = true
      })
      await app.start()
      await until(() => fired)
    })
  },
  async 'catch-up'() {
    // Beside another process many do this on one file.
    const schedule = `missed-${process.pid}`
    await app.schedules.set(schedule, { cron: '* * * * *', run: double.s(4), misfire: 'all' })
    const db = own()
    const first = db
      .prepare(`UPDATE celeriac_schedules SET next_slot = next_slot - 240000, fire_at = fire_at - 240000
        WHERE name = ? RETURNING next_slot`)
      .pluck()
      .get(schedule) as number
    say({ missed: schedule, first })
    const now = Date.now()
    const late = db.prepare(`${LATE} AND name = ?`).pluck()
    await between(async () => {
      await app.start()
      await until(() => late.get(now, schedule) === 0)
    })
    db.close()
  },
  async checkpoint() {
    await between(async () => {
      for (let i = 0; i < 130; i++) say({ stored: [(await double.applyAsync([i], { countdown: '1h' })).id] })
    })
  },
  async prune() {
    await between(async () => {
      await app.start()
      const db = own()
      const count = db.prepare("SELECT count(*) FROM celeriac_jobs WHERE state = 'SUCCESS'").pluck()
      await until(() => count.get() === 0)
      db.close()
    })
  },
  async migrate() {
    await between(async () => say({ stored: [(await double.delay(1)).id] }))
  },
  async backup() {
    await between(async () => say({ copied: basename((await app.backup(`${database}.copy`)).path) }))
  },
  async shutdown() {
    await app.start()
    const handles = await double.delayMany(Array.from({ length: 50 }, (_, i) => [i]))
    await between(async () => {
      say({ stored: handles.map(({ id }) => id) })
      await app.stop()
    })
  },
}

// Pool threads import this module for its tasks.
if (isMainThread) {
  await OPERATIONS[operation]()
  await app.stop({ drain: 0, grace: 0 })
}
