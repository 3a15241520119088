/** Starts the app, gives it something of everything to do, and stops it at an instant that a seed chooses; again and again. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { type AsyncResult, CeleriacError, type StartOptions, type StopReport, TaskFailure } from 'celeriac'
import { lastEvents } from '../../crash/events.ts'
import { integer, type Random, seeded } from '../../crash/random.ts'
import { openFiles } from '../open-files.ts'
import { pressure } from '../pressure.ts'
import { type Stop, sayStop, WAYS, type Way } from './stops.ts'
import {
  app,
  busy,
  deaf,
  deafInMain,
  errors,
  flaky,
  heeding,
  inMain,
  instant,
  life,
  log,
  looping,
  native,
  slotted,
} from './tasks.ts'

export interface CycleOrders {
  seed: number
  /** The lives of this process: from, and how many. */
  from: number
  cycles: number
  /** Work off what is left, and only then stop. */
  last?: boolean
  ways?: readonly Way[]
  /** Store jobs for later lives, which other programs lead: each on a queue of its own, with the name of the life. */
  leave?: readonly { life: number; stuck: boolean }[]
}

/** Most lives run jobs: those that do not are cheaper, and stop too. */
const ROLES: readonly StartOptions['role'][] = ['all', 'all', 'all', 'beat', 'producer']
const INSTANTS = ['asked', 'acknowledged', 'task-started', 'task-succeeded', 'task-retried', 'schedule-fired', 'time']
const DATABASE = app.database
const FOLDER = dirname(DATABASE)
const UNFINISHED = ['SCHEDULED', 'PENDING', 'BLOCKED', 'STARTED', 'RETRY']
/** Longest time from the first call until the stop, in ms. */
const WINDOW = 60

let keys = 0
let wrong: string[] = []
const open = new Set<string>()
let happened: (what: string) => void = () => {}

for (const name of ['task-started', 'task-succeeded', 'task-retried', 'schedule-fired'] as const)
  app.on(name, () => happened(name))
app.on('engine-crashed', ({ error }) => void wrong.push(`the engine crashed: ${error.message}`))

async function ask(call: (key: string) => Promise<AsyncResult<string>>, name: number | string = ++keys): Promise<void> {
  const key = `${life()}-${name}`
  log.write({ what: 'asked', key })
  open.add(key)
  try {
    const handle = await call(key)
    log.write({ what: 'acknowledged', key, id: handle.id })
    happened('acknowledged')
    await report(key, handle)
  } catch (error) {
    refused(error)
  } finally {
    open.delete(key)
  }
}

function refused(error: unknown): void {
  if (!(error instanceof CeleriacError)) wrong.push(`refused without a code: ${String(error)}`)
  else if (error.code !== 'APP_STOPPED') wrong.push(`refused with ${error.code}: ${error.message}`)
}

async function report(key: string, handle: AsyncResult<string>): Promise<void> {
  try {
    log.write({ what: 'reported', key, state: 'SUCCESS', value: await handle.get() })
  } catch (error) {
    if (!(error instanceof TaskFailure)) throw error
    log.write({ what: 'reported', key, state: 'FAILURE', value: (error.cause as Error).message })
  }
}

/** Calls of all kinds; at most two of them hold a thread until it is ended. */
function askAll(random: Random, way: Way, pipe: string): void {
  const until = life()
  const long = [
    (key: string) => heeding.delay(key, until),
    (key: string) => deaf.delay(key, until),
    (key: string) => looping.delay(key, until),
    (key: string) => inMain.delay(key, integer(random, 0, 30), until),
    (key: string) => deafInMain.delay(key, until),
  ]
  const short = [
    (key: string) => instant.delay(key),
    (key: string) => busy.delay(key, integer(random, 0, 8)),
    (key: string) => flaky.delay(key, integer(random, 0, 3)),
    (key: string) => inMain.delay(key, integer(random, 0, 3), 0),
    (key: string) => busy.applyAsync([key, 1], { countdown: integer(random, 1, 40) }),
  ]
  const one = (calls: typeof short): void =>
    void ask(calls[integer(random, 0, calls.length - 1)] as (typeof short)[number])
  if (way === 'stuck') void ask((key) => native.delay(key, pipe, until), 'native')
  else for (let i = integer(random, way === 'now' || way === 'twice' ? 1 : 0, 2); i > 0; i--) one(long)
  for (let i = integer(random, 2, 12); i > 0; i--) one(short)
  for (let i = integer(random, 0, 3); i > 0; i--) {
    const at = Date.now() + integer(random, 5, 50)
    const name = `at-${until}-${i}`
    app.schedules.set(name, { at, run: slotted.s(name) }).catch(refused)
  }
  happened('asked')
}

/** Resolves when the thing has happened, or has not for a while. */
function after(what: string): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, WINDOW)
    happened = (now) => {
      if (now !== what) return
      clearTimeout(timer)
      resolve()
    }
  })
}

/** Asks for the stop in the way given; gives how long it may wait for jobs, from the instant that counts. */
async function stopBy(way: Way, random: Random): Promise<{ patience: number; began: number; report: StopReport }> {
  const began = performance.now()
  if (way === 'stop' || way === 'starting' || way === 'stuck') return { patience: 200, began, report: await app.stop() }
  if (way === 'now') return { patience: 0, began, report: await app.stop({ drain: 0, grace: 0 }) }
  const long = { drain: 8_000, grace: 8_000 }
  const heard: Promise<StopReport>[] = []
  const told = new Promise<void>((resolve) => {
    const hear = (): void => {
      heard.push(app.stop(heard.length > 0 ? { drain: 0, grace: 0 } : way === 'signal' ? {} : long))
      if (heard.length < (way === 'twice' ? 2 : 1)) return
      process.off('SIGTERM', hear)
      resolve()
    }
    process.on('SIGTERM', hear)
  })
  process.kill(process.pid, 'SIGTERM')
  if (way === 'signal') {
    await told
    return { patience: 200, began, report: (await heard[0]) as StopReport }
  }
  await pause(random() * WINDOW)
  const second = performance.now()
  process.kill(process.pid, 'SIGTERM')
  await told
  return { patience: 0, began: second, report: (await Promise.all(heard))[0] as StopReport }
}

async function cycle(number: number, random: Random, ways: readonly Way[]): Promise<void> {
  process.env.TORTURE_LIFE = String(number)
  const way = ways[integer(random, 0, ways.length - 1)] as Way
  const what = INSTANTS[integer(random, 0, INSTANTS.length - 1)] as string
  const pipe = `${FOLDER}/pipe`
  wrong = []
  errors.length = 0
  const threads = Math.max(10, readdirSync('/proc/self/task').length)
  const roles = way === 'stuck' ? ROLES.slice(0, 1) : ROLES
  const role = roles[integer(random, 0, roles.length - 1)]
  const starting = app.start({ role: role ?? 'all' })
  if (way === 'starting') {
    starting.catch(refused)
    askAll(random, way, pipe)
    await pause(random() * 2 * WINDOW)
  } else {
    await starting
    const seen = after(what)
    askAll(random, way, pipe)
    await seen
    await pause(random() * (what === 'time' ? WINDOW : 5))
  }
  // Only what has been handed to its thread is interrupted in it.
  if (way === 'stuck') await began(`${number}-native`)
  log.write({ what: 'stop', victim: number })
  const before = pressure()
  const { patience, began: at, report } = await stopBy(way, random)
  const took = performance.now() - at
  log.write({ what: 'stopped', victim: number })
  const stop: Stop = {
    life: number,
    way,
    instant: what,
    patience,
    took,
    busy: pressure() - before,
    report,
    wrong,
    files: 0,
    threads: 0,
  }
  await settled()
  lookAtFile(report)
  if (report.stuck) await freed(pipe, threads)
  const stuck = /stuck in native code/
  wrong.push(
    ...errors.filter((error) => !(report.stuck && stuck.test(error))).map((error) => `logged as an error: ${error}`),
  )
  stop.files = openFiles()
  stop.threads = readdirSync('/proc/self/task').length
  sayStop(log.path, stop)
}

/** Resolves once a job whose key ends so runs. */
async function began(key: string): Promise<void> {
  const end = performance.now() + 20_000
  const seen = (): boolean =>
    lastEvents(log.path, 20_000).some((event) => event.what === 'began' && event.key.endsWith(key))
  while (!seen() && performance.now() < end) await pause(5)
}

/** Whatever was awaited has been answered by the time the stop returns, or in the turn after it. */
async function settled(): Promise<void> {
  await pause(0)
  for (let turn = 0; turn < 20 && open.size > 0; turn++) await new Promise(setImmediate)
  if (open.size > 0) wrong.push(`${open.size} calls have no answer although the stop has returned`)
  open.clear()
}

function lookAtFile(report: StopReport): void {
  const name = basename(DATABASE)
  const left = readdirSync(FOLDER).filter((file) => file.startsWith(name) && file !== name)
  if (left.length > 0) wrong.push(`left behind: ${left.join(', ')}`)
  const db = new Database(DATABASE, { readonly: true })
  try {
    if (db.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'celeriac_jobs'").pluck().get() === 0) return
    const running = db.prepare('SELECT count(*) FROM celeriac_claims').pluck().get()
    const processes = db.prepare('SELECT count(*) FROM celeriac_processes').pluck().get()
    if (running !== 0)
      wrong.push(`${running} jobs are still running in the file, and ${JSON.stringify(report)} was told`)
    if (processes !== 0) wrong.push('the process is still on the books')
  } finally {
    db.close()
  }
}

/** Lets the readers of the pipe go on, and waits for their threads to end. */
async function freed(pipe: string, threads: number): Promise<void> {
  const end = performance.now() + 20_000
  while (readdirSync('/proc/self/task').length > threads && performance.now() < end) {
    try {
      closeSync(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK))
    } catch {}
    await pause(5)
  }
}

/** Enough to hold both threads of the life to come, and some more. */
async function leaveJobs(of: number, stuck: boolean): Promise<void> {
  const calls: ((key: string, queue: string) => Promise<AsyncResult<string>>)[] = [
    stuck
      ? (key, queue) => native.applyAsync([key, `${FOLDER}/pipe`, of], { queue })
      : (key, queue) => deaf.applyAsync([key, of], { queue }),
    (key, queue) => heeding.applyAsync([key, of], { queue }),
    (key, queue) => busy.applyAsync([key, 1], { queue }),
    (key, queue) => flaky.applyAsync([key, 1], { queue }),
  ]
  for (const [i, call] of calls.entries()) {
    const key = `${of}-left-${i}`
    log.write({ what: 'asked', key })
    const { id } = await call(key, `life-${of}`)
    log.write({ what: 'acknowledged', key, id })
  }
}

async function workOff(): Promise<void> {
  const unreported = new Map<string, string>()
  for (const event of lastEvents(log.path, 2 ** 26)) {
    if (event.what === 'acknowledged') unreported.set(event.key, event.id)
    else if (event.what === 'reported') unreported.delete(event.key)
  }
  await app.start()
  const end = performance.now() + 30_000
  while (performance.now() < end) {
    const { states } = await app.inspect.stats()
    if (UNFINISHED.every((state) => !states[state])) break
    await pause(10)
  }
  // When something never ends, the checker says so: it finds the job in the file.
  const late = [...unreported].slice(-500).map(([key, id]) => report(key, app.result<string>(id)))
  await Promise.race([Promise.allSettled(late), pause(5_000, undefined, { ref: false })])
  await app.stop({ drain: 0, grace: 0 })
}

const {
  seed,
  from,
  cycles,
  last = false,
  ways = [...WAYS, ...WAYS, 'stuck'],
  leave = [],
} = JSON.parse(process.argv[2]!) as CycleOrders
process.on('disconnect', () => process.exit(1))
const random = seeded(seed)
if (!existsSync(`${FOLDER}/pipe`)) execFileSync('mkfifo', ['-m', '600', `${FOLDER}/pipe`])
for (let n = 0; n < cycles; n++) await cycle(from + n, random, ways)
if (leave.length > 0) await app.start({ role: 'producer' })
for (const { life, stuck } of leave) await leaveJobs(life, stuck)
if (leave.length > 0) await app.stop()
if (last) {
  process.env.TORTURE_LIFE = String(from + cycles)
  await workOff()
}
process.send?.('done')
process.removeAllListeners('disconnect')
process.disconnect?.()
