/** Damages rows of a file that no app uses, starts an app on it, and looks whether anything else than those rows suffers. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { Celeriac, CeleriacError, doctor } from 'celeriac'
import { createDashboard } from 'celeriac/dashboard'
import { integer, type Random } from '../../crash/random.ts'
import { until } from '../../fixtures/until.ts'
import { damagedText, damagedValue } from './damage-row.ts'

/** Jobs of a file that wait, and as many that are left as they are. */
const WAITING = 40
/** Cells of a file that are damaged. */
const DAMAGES = 50
const PATIENCE = 30_000
const TYPED = /^[A-Z][A-Z0-9_]+$/
const FINAL = "('SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED')"
const PAGES = ['', 'task/', 'queues', 'schedules', 'workers', 'tasks', 'task/?q=tag%3Ared', 'task/?q=error%3A%22no%22']

interface Target {
  table: string
  /** What tells its rows apart. */
  key: string
  columns: readonly string[]
  /** They take values of any type. */
  any?: true
}

/** What holds JSON or a payload. */
const TARGETS: readonly Target[] = [
  { table: 'celeriac_jobs', key: 'id', columns: ['options', 'error', 'progress'] },
  { table: 'celeriac_jobs', key: 'id', columns: ['args', 'result'], any: true },
  { table: 'celeriac_attempts', key: 'job', columns: ['error'] },
  { table: 'celeriac_logs', key: 'id', columns: ['lines'] },
  { table: 'celeriac_schedules', key: 'name', columns: ['spec', 'rules', 'job', 'declaration', 'error'] },
  { table: 'celeriac_schedules', key: 'name', columns: ['args'], any: true },
  { table: 'celeriac_controls', key: 'name', columns: ['rate'] },
  { table: 'celeriac_processes', key: 'key', columns: ['tasks', 'vitals'] },
  { table: 'celeriac_commands', key: 'id', columns: ['verb', 'args', 'answer'] },
]
/** Most damages are of jobs. */
const OF_JOBS = 0.6

const quiet = (): void => {}

function open(database: string, told: (line: string) => void = quiet) {
  const app = new Celeriac({
    name: 'damaged-rows',
    database,
    durability: 'normal',
    logger: { debug: quiet, info: quiet, warn: told, error: told },
    shutdown: { drain: 0, grace: 0 },
  })
  const main = { runIn: 'main' } as const
  const echo = app.task('echo', main, (value: unknown) => value)
  const later = app.task('later', main, (_value: unknown) => 'followed')
  const bytes = app.task('bytes', { ...main, codec: 'v8' }, (value: unknown) => value)
  const fail = app.task('fail', { ...main, retry: 0 }, (n: number) => {
    throw new Error(`no ${n}`, { cause: new TypeError('because') })
  })
  const spoken = app.task('spoken', main, () => 'said')
  app.schedule('yearly', { cron: '0 3 1 1 *', misfire: 'all', maxCatchup: 3, run: echo.s('yearly') })
  app.schedule('hourly', { every: '1h', jitter: '5m', run: bytes.s(new Map([[1, 2]])) })
  return { app, echo, later, bytes, fail, spoken }
}

interface Prepared {
  waiting: string[]
  /** Jobs whose rows are left as they are. */
  innocent: Map<string, number>
  ended: string[]
}

/** A file with jobs of every kind, made once: every round damages a copy. */
async function prepare(database: string): Promise<Prepared> {
  const { app, echo, bytes, fail, spoken } = open(database)
  await app.start()
  const ended = await Promise.all([
    ...(await echo.delayMany(Array.from({ length: 8 }, (_, i) => [{ n: i }]))),
    bytes.delay(new Map([['a', 1n]])),
    fail.applyAsync([1], { tags: ['red'], headers: { from: 'here' } }),
    fail.delay(2),
    spoken.delay(),
  ])
  await Promise.all(ended.map((handle) => (handle as { get(): Promise<unknown> }).get().catch(quiet)))
  await app.control.pause({ queue: 'paused' })
  await app.control.rateLimit({ task: 'spoken' }, '1000000/s')
  await app.stop()

  const stored = open(database)
  const options = [
    { tags: ['red', 'blue'], headers: { trace: 'x' } },
    { timeLimit: '1m', softTimeLimit: '30s', deadline: '1h' },
    { retry: { maxRetries: 1, delay: 1 } },
    { link: stored.later.s(), linkError: stored.later.s(1) },
    { link: [stored.bytes.s(new Set([1])), stored.later.si(2)] },
    { ignoreResult: true, tags: ['red'] },
  ] as const
  const waiting: string[] = []
  for (let i = 0; i < WAITING; i++) {
    const chosen = options[i % (options.length + 1)]
    const tasks = [stored.echo, stored.fail, stored.bytes] as const
    // A v8 result does not go into a link that takes JSON, which is refused at the call.
    const task = chosen && 'link' in chosen ? stored.echo : (tasks[i % 3] as typeof stored.echo)
    waiting.push((await task.applyAsync([i as never], { ...(chosen as object) })).id)
  }
  const innocent = new Map<string, number>()
  for (let i = 0; i < WAITING; i++)
    innocent.set((await stored.echo.applyAsync([i], i % 2 === 0 ? { tags: ['red'] } : {})).id, i)
  await stored.app.stop()

  const db = new Database(database)
  const dead =
    db.prepare(`INSERT INTO celeriac_processes (key, app, host, pid, role, threads, started_at, beat_at, tasks, vitals)
    VALUES (?, 'damaged-rows', 'here', 1, 'all', 1, 1, 1, '["echo"]', '{"memory":1,"threads":1,"busy":0,"stuck":0,"restarts":0,"engineDelay":0,"appDelay":null}')`)
  for (const n of [1, 2]) dead.run(`00000000-0000-4000-8000-00000000000${n}`)
  db.prepare(
    `UPDATE celeriac_jobs SET progress = '{"done":1,"total":2,"message":"half"}' WHERE state IN ${FINAL}`,
  ).run()
  const command = db.prepare(`INSERT INTO celeriac_commands (process, verb, args, asked_at, answered_at, answer)
    VALUES (?, 'pool', '{"threads":2}', 4102444800000, NULL, '1')`)
  // The next process on the file has the next number.
  for (const process of [1, 2, 3, 4, 5, 6]) command.run(process)
  const line = db.prepare('INSERT OR REPLACE INTO celeriac_logs (id, lines) VALUES ((? << 22) | 1024, ?)')
  const seqs = db.prepare(`SELECT seq FROM celeriac_jobs WHERE state IN ${FINAL} LIMIT 5`).pluck().all() as number[]
  for (const seq of seqs) line.run(seq, '[1,0,1,"a line",1,2,"another"]')
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
  return { waiting, innocent, ended: ended.map((handle) => (handle as { id: string }).id) }
}

/** Damages so many cells; says what was done to which. */
function damage(db: Database.Database, count: number, { innocent }: Prepared, random: Random): string[] {
  const done: string[] = []
  const left = new Set<unknown>(innocent.keys())
  const pick = <T>(list: readonly T[]): T => list[integer(random, 0, list.length - 1)] as T
  while (done.length < count) {
    const { table, key, columns, any } = pick(TARGETS.slice(...(random() < OF_JOBS ? [0, 2] : [2])))
    const column = pick(columns)
    const keys = db.prepare(`SELECT ${key} FROM ${table} ORDER BY ${key}`).pluck().all()
    const row = pick(keys.filter((one) => !left.has(one)))
    const before: unknown = db.prepare(`SELECT ${column} FROM ${table} WHERE ${key} = ?`).pluck().get(row)
    const value = any ? damagedValue(before, random) : damagedText(before as string | null, random)
    db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`).run(value, row)
    const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : String(value).slice(0, 30)
    done.push(`${table} ${String(row)} ${column} = ${shown}`)
  }
  return done
}

/** What an app on a damaged file does wrong. */
async function live(database: string, { waiting, innocent, ended }: Prepared): Promise<string[]> {
  const wrong: string[] = []
  const lines: string[] = []
  const { app } = open(database, (line) => void lines.push(line))
  app.on('engine-crashed', ({ error }) => void wrong.push(`the engine died: ${shown(error)}`))
  /** Must give an answer: one damaged row must not hide the others. */
  const answers = async (what: string, ask: () => unknown): Promise<void> => {
    try {
      await within(ask())
    } catch (error) {
      wrong.push(`${what}: ${shown(error)}`)
    }
  }
  /** May refuse, with a reason. */
  const typed = async (what: string, ask: () => unknown): Promise<void> => {
    try {
      await within(ask())
    } catch (error) {
      if (!(error instanceof CeleriacError && TYPED.test(error.code))) wrong.push(`${what}: ${shown(error)}`)
    }
  }
  await answers('start()', () => app.start())
  if (wrong.length > 0) return wrong
  const db = new Database(database, { readonly: true })
  try {
    const unended = db
      .prepare(
        // A retry policy that is damaged and still legal may put the next attempt off, and a link name a task of nobody.
        `SELECT id || ' ' || state || ' ' || coalesce(substr(options, 1, 200), '') FROM celeriac_jobs_now
        WHERE state NOT IN ${FINAL} AND state <> 'RETRY' AND task IN ('echo', 'later', 'bytes', 'fail', 'spoken')`,
      )
      .pluck()
    await until(() => unended.all().length === 0, 'the jobs to end', PATIENCE).catch(() =>
      wrong.push(`did not end: ${(unended.all() as string[]).slice(0, 5).join(', ')}`),
    )
    if (wrong.length > 0) return wrong
    for (const [id, n] of innocent)
      await answers(`job ${id}, whose row nobody touched`, async () => {
        const value = await app.result(id).get({ timeout: PATIENCE })
        if (value !== n) throw new Error(`gave ${String(value)} instead of ${n}`)
      })
    for (const id of [...waiting, ...ended]) {
      const handle = app.result(id)
      await answers(`info() of ${id}`, () => handle.info())
      await answers(`inspect.log(${id})`, () => app.inspect.log(id))
      await answers(`inspect.explain(${id})`, () => app.inspect.explain(id))
      await answers(`reader.job(${id})`, () => app.reader.job(id))
      await typed(`get() of ${id}`, async () => {
        if ((await handle.state()) !== 'RETRY') await handle.get({ timeout: PATIENCE })
      })
      await typed(`progress() of ${id}`, async () => {
        if (await handle.ready()) for await (const _ of handle.progress());
      })
    }
    await looks(app, answers)
    await steers(app, typed)
    await answers('the views', () => {
      for (const view of ['celeriac_v_tasks', 'celeriac_v_attempts']) db.prepare(`SELECT * FROM ${view}`).all()
    })
    const dashboard = createDashboard(app, { basePath: '/', auth: () => ({ user: 'somebody', role: 'admin' }) })
    for (const page of [...PAGES, ...[...waiting.slice(0, 10), ...ended].map((id) => `task/${id}`)])
      await answers(`page /${page}`, async () => {
        const { status } = await dashboard.fetch(new Request(`http://localhost/${page}`))
        if (status >= 500) throw new Error(`answered ${status}`)
      })
    dashboard.close()
    await answers('doctor()', () => doctor(database))
  } finally {
    db.close()
    await answers('stop()', () => app.stop())
  }
  for (const line of lines) if (/engine|unexpected|TypeError|SyntaxError/.test(line)) wrong.push(`logged: ${line}`)
  return wrong
}

type Ask = (what: string, ask: () => unknown) => Promise<void>

async function looks(app: Celeriac, answers: Ask): Promise<void> {
  const { inspect, reader, schedules } = app
  await answers('inspect.jobs()', () => inspect.jobs({}, { limit: 500 }))
  await answers('inspect.jobs() by tag', () => inspect.jobs({ tag: 'red' }))
  await answers('inspect.jobs() by error', () => inspect.jobs({ error: 'no' }))
  await answers('inspect.count() by tag', () => inspect.count({ tag: 'blue' }))
  for (const list of ['active', 'reserved', 'scheduled', 'stats', 'queues', 'paused', 'workers', 'ping'] as const)
    await answers(`inspect.${list}()`, () => inspect[list]())
  await answers('schedules.list()', () => schedules.list())
  await answers('metrics()', () => app.metrics())
  for (const list of [
    'overview',
    'throughput',
    'recent',
    'totals',
    'measures',
    'queues',
    'orders',
    'workers',
    'schedules',
    'eventsSince',
  ] as const)
    await answers(`reader.${list}()`, () => reader[list]())
  await answers('reader.jobs()', () => reader.jobs({ tag: 'red' }))
}

async function steers({ schedules, control }: Celeriac, typed: Ask): Promise<void> {
  for (const name of ['yearly', 'hourly']) {
    await typed(`schedules.get(${name})`, () => schedules.get(name))
    for (const what of ['pause', 'resume', 'trigger', 'reset'] as const)
      await typed(`schedules.${what}(${name})`, () => schedules[what](name))
  }
  await typed('control.retry()', () => control.retry({ state: 'FAILURE', tag: 'red' }))
  await typed('control.retry() of all', () => control.retry({ state: 'FAILURE' }))
  await typed('control.revoke()', () => control.revoke({ tag: 'red' }))
  await typed('schedules.remove()', () => schedules.remove('hourly'))
}

function within(work: unknown): Promise<unknown> {
  let timer: NodeJS.Timeout
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE} ms`)), PATIENCE)
  })
  return Promise.race([Promise.resolve(work), late]).finally(() => clearTimeout(timer))
}

function shown(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).slice(0, 600) : String(error)
}

/** Damages so many cells, some files' worth at a time. */
export async function tryRows(count: number, random: Random, progress: (done: number) => void): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'celeriac-bad-rows-'))
  const violations: string[] = []
  try {
    const template = join(folder, 'template.db')
    const prepared = await prepare(template)
    for (let done = 0; done < count; done += DAMAGES) {
      const database = join(folder, `${done}`, 'jobs.db')
      mkdirSync(dirname(database))
      copyFileSync(template, database)
      const db = new Database(database)
      const damages = damage(db, Math.min(DAMAGES, count - done), prepared, random)
      db.close()
      const wrong = await live(database, prepared)
      if (wrong.length > 0)
        violations.push(`rows from ${done} on: ${wrong.slice(0, 5).join('; ')}; damaged: ${damages.join('; ')}`)
      rmSync(dirname(database), { recursive: true, force: true })
      progress(Math.min(done + DAMAGES, count))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return violations
}
