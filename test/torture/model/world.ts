/** The library itself: some processes on one file, and a clock. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Connection, loadDriver, type Statement } from '../../../lib/store/driver.ts'
import { Store } from '../../../lib/store/store.ts'
import type { ModelJob } from './job.ts'
import type { Model, Totals } from './model.ts'
import { VirtualProcess } from './process.ts'
import { BUCKETS, PROCESSES, SCHEDULES, T0, TASKS, WINDOW } from './setting.ts'

type Row = [
  id: string,
  state: string,
  task: string,
  queue: string,
  rank: number,
  attempt: number,
  maxAttempts: number,
  crashes: number,
  runAt: number | null,
  expiresAt: number | null,
  owner: number | null,
  finishedAt: number | null,
  schedule: string | null,
  slot: number | null,
  revokeAsked: number | null,
]

/** A folder in memory, where there is some, with an empty file that every run begins with. */
export class Ground {
  readonly #folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'celeriac-model-'))
  #files = 0

  constructor() {
    new Store(join(this.#folder, 'empty.db'), 'normal').close()
  }

  fresh(): string {
    const path = join(this.#folder, `${++this.#files}.db`)
    copyFileSync(join(this.#folder, 'empty.db'), path)
    return path
  }

  remove(path: string): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

export class World {
  now = T0
  readonly processes: VirtualProcess[] = []
  /** Ids by the names that the model gives. */
  readonly ids = new Map<string, string>()
  readonly #path: string
  readonly #ground: Ground
  readonly #db: Connection
  readonly #rows: Statement
  readonly #counts: Statement
  readonly #totals: Statement
  readonly #ledger: Statement
  #begun = 0

  constructor(ground: Ground) {
    this.#ground = ground
    this.#path = ground.fresh()
    for (let i = 0; i < PROCESSES; i++) this.begin(i)
    const Database = loadDriver()
    this.#db = new Database(this.#path, { readonly: true })
    this.#rows = this.#db
      .prepare(`SELECT id, state, task, queue, rank, attempt, max_attempts, crashes, run_at, expires_at, owner, finished_at,
        schedule, scheduled_for, revoke_asked FROM celeriac_jobs_now ORDER BY seq`)
      .raw()
    this.#counts = this.#db
      .prepare(`SELECT coalesce(r.state, c.state), coalesce(r.jobs, 0), coalesce(c.jobs, 0)
        FROM (SELECT state, count(*) AS jobs FROM celeriac_jobs WHERE finished_at IS NOT NULL GROUP BY state) r
        FULL JOIN celeriac_counts c ON c.state = r.state WHERE coalesce(r.jobs, 0) <> coalesce(c.jobs, 0)`)
      .raw()
    this.#totals = this.#db.prepare(`SELECT coalesce(sum(success), 0) AS success, coalesce(sum(failure), 0) AS failure,
        coalesce(sum(revoked), 0) AS revoked, coalesce(sum(expired), 0) AS expired, coalesce(sum(retries), 0) AS retries,
        coalesce(sum(crashes), 0) AS crashes FROM celeriac_stats_minute`)
    this.#ledger = this.#db.prepare('SELECT slot, outcome FROM celeriac_slots WHERE schedule = ?').raw()
  }

  /** A process takes the place of another one. */
  begin(index: number): number {
    this.processes[index]?.close()
    const clock = { now: () => this.now, monotonic: () => 0 }
    const process = new VirtualProcess(this.#path, clock, `process-${++this.#begun}`)
    this.processes[index] = process
    return process.owner
  }

  /** The clock is set, and somebody looks at the rates: otherwise it is open when they are set right. */
  setClock(now: number): void {
    this.now = now
    const { store } = this.process(0)
    for (const { bucket, limit } of BUCKETS) store.write(() => store.rates.room(bucket, { limit, per: WINDOW }, now))
  }

  process(index: number): VirtualProcess {
    return this.processes[index % PROCESSES] as VirtualProcess
  }

  /** Names of what the file holds. */
  keys(): Set<string> {
    return new Set((this.#rows.all() as Row[]).map((row) => (row[12] === null ? row[0] : `${row[12]}@${row[13]}`)))
  }

  keyOf(id: string): string {
    for (const [key, known] of this.ids) if (known === id) return key
    return id
  }

  /** @throws when the file says something else than the model */
  compare(model: Model): void {
    const rows = this.#rows.all() as Row[]
    this.ids.clear()
    const wrong: string[] = []
    const found = rows.map((row) => {
      const [id, , , , , , , , , , , , schedule, slot] = row
      const key = schedule === null ? id : `${schedule}@${slot}`
      if (this.ids.has(key)) wrong.push(`slot ${slot} of schedule ${schedule} fired twice`)
      this.ids.set(key, id)
      return said(key, row)
    })
    const expected = model.jobs.map(meant)
    for (let i = 0; i < Math.max(found.length, expected.length); i++)
      if (found[i] !== expected[i]) wrong.push(`the file says ${found[i]}\n      the model says ${expected[i]}`)
    for (const [state, stored, counted] of this.#counts.all() as [string, number, number][])
      wrong.push(`${stored} jobs are ${state}, and ${counted} are counted`)
    if (wrong.length > 0) throw new Error(wrong.slice(0, 3).join('\n    '))
  }

  /** What need not be looked at after every step. @throws when it differs */
  compareRecords(model: Model): void {
    const totals = this.#totals.get() as Totals
    for (const [name, total] of Object.entries(model.totals))
      if (totals[name as keyof Totals] !== total)
        throw new Error(`${totals[name as keyof Totals]} are counted under ${name}, and ${total} there were`)
    const ledger = new Map<string, string>()
    for (const schedule of Object.keys(SCHEDULES))
      for (const [slot, outcome] of this.#ledger.all(schedule) as [number, string][])
        ledger.set(`${schedule}@${slot}`, outcome)
    for (const key of new Set([...ledger.keys(), ...model.schedules.ledger.keys()]))
      if (ledger.get(key) !== model.schedules.ledger.get(key))
        throw new Error(
          `slot ${key} is ${ledger.get(key)} in the file and ${model.schedules.ledger.get(key)} in the model`,
        )
    const damage = this.#db.pragma('integrity_check', { simple: true })
    if (damage !== 'ok') throw new Error(`integrity_check says ${String(damage)}`)
  }

  [Symbol.dispose](): void {
    for (const process of this.processes) process.close()
    this.#db?.close()
    this.#ground.remove(this.#path)
  }
}

function said(key: string, row: Row): string {
  const [, stored, task, queue, rank, attempt, maxAttempts, crashes, runAt, expiresAt, owner, finishedAt] = row
  // Which of those that wait for a rate are let in before their time is the library's own business.
  const state = stored === 'BLOCKED' && TASKS[task]?.keyed ? 'PENDING' : stored
  const times = { rank, runAt, expiresAt, owner, finishedAt, revoke: row[14] !== null }
  return line(key, { state, task, queue, attempt, maxAttempts, crashes, ...times })
}

function meant({ key, state, task, queue, attempt, maxAttempts, crashes, ...job }: ModelJob): string {
  const { rank, runAt, expiresAt, owner, finishedAt, revokeAsked } = job
  const times = { rank, runAt, expiresAt, owner, finishedAt, revoke: revokeAsked }
  return line(key, { state, task, queue, attempt, maxAttempts, crashes, ...times })
}

interface Told {
  state: string
  task: string
  queue: string
  attempt: number
  maxAttempts: number
  crashes: number
  rank: number
  runAt: number | null
  expiresAt: number | null
  owner: number | null
  finishedAt: number | null
  revoke: boolean
}

/** All that matters in this state, times as seconds of the run. */
function line(key: string, told: Told): string {
  const { state, task, queue, attempt, maxAttempts, crashes } = told
  const at = (time: number | null): string => (time === null ? '-' : String((time - T0) / 1_000))
  let text = `${key} ${task}/${queue} ${state} attempt ${attempt}/${maxAttempts} crashes ${crashes}`
  if (state === 'SCHEDULED' || state === 'RETRY') text += ` due ${at(told.runAt)}`
  if (state === 'PENDING' || state === 'BLOCKED') text += ` rank ${at(told.rank)}`
  if (state === 'STARTED') text += ` run by ${told.owner}${told.revoke ? ' to be revoked' : ''}`
  else if (told.finishedAt !== null && state !== 'RETRY' && state !== 'SCHEDULED')
    text += ` ended ${at(told.finishedAt)}`
  return attempt === 0 ? `${text} expires ${at(told.expiresAt)}` : text
}
