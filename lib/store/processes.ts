import type { Vitals } from '../wire/reading.ts'
import { isNumber, isTexts, readJson, readObject } from '../wire/stored-json.ts'
import type { Connection, Statement } from './driver.ts'

export interface ProcessRow {
  id: number
  key: string
  app: string
  host: string
  pid: number
  role: string
  threads: number
  startedAt: number
  beat: number
  beatAt: number
  tasks: string[]
  /** What it said of itself with its last beat. */
  vitals: Vitals
}

export type NewProcess = Pick<ProcessRow, 'key' | 'app' | 'host' | 'pid' | 'role' | 'threads' | 'tasks' | 'vitals'>

/** Processes whose names are kept after they left, for the jobs that they ran. */
const REMEMBERED = 10_000

/** What is kept of a process when it leaves. */
export interface KnownProcess {
  key: string
  app: string
  host: string
  pid: number
  startedAt: number
  /** Whether it is still on the file. */
  present: boolean
}

export interface Orphan {
  seq: number
  token: number
  id: string
  task: string
  queue: string
  crashes: number
  startedAt: number | null
  concurrencyKey: string | null
  /** Key that its claim holds a place of the rate of, and how long a begin counts, in ms; null for none. */
  rateKey: string | null
  ratePer: number | null
}

/** The engines that consume this file, each proven alive by its presence lock and, as a second line, by its beat. */
export class Processes {
  readonly #db: Connection
  readonly #insert: Statement
  readonly #keep: Statement
  readonly #drop: Statement
  readonly #known: Statement
  readonly #beat: Statement
  readonly #resize: Statement
  readonly #remove: Statement
  readonly #all: Statement
  readonly #orphans: Statement
  readonly #held: Statement

  constructor(db: Connection) {
    this.#db = db
    this.#insert =
      db.prepare(`INSERT INTO celeriac_processes (key, app, host, pid, role, threads, started_at, beat_at, tasks, vitals)
      VALUES (@key, @app, @host, @pid, @role, @threads, @now, @now, @tasks, @vitals)`)
    this.#keep = db.prepare(
      'INSERT INTO celeriac_owners (id, key, app, host, pid, started_at) VALUES (?, ?, ?, ?, ?, ?)',
    )
    this.#known = db.prepare(`SELECT o.key, o.app, o.host, o.pid, o.started_at AS startedAt,
        EXISTS (SELECT 1 FROM celeriac_processes p WHERE p.id = o.id) AS present
      FROM celeriac_owners o WHERE o.key = ? ORDER BY o.id DESC LIMIT 1`)
    this.#drop = db.prepare('DELETE FROM celeriac_owners WHERE id <= ?')
    this.#beat = db.prepare('UPDATE celeriac_processes SET beat = beat + 1, beat_at = ?, vitals = ? WHERE id = ?')
    this.#resize = db.prepare('UPDATE celeriac_processes SET threads = ? WHERE id = ?')
    this.#remove = db.prepare('DELETE FROM celeriac_processes WHERE id = ?')
    this.#all =
      db.prepare(`SELECT id, key, app, host, pid, role, threads, started_at AS startedAt, beat, beat_at AS beatAt, tasks, vitals
      FROM celeriac_processes ORDER BY id`)
    this.#orphans = db.prepare(`SELECT c.seq, c.token, j.id, j.task, j.queue, j.crashes, c.started_at AS startedAt,
        j.concurrency_key AS concurrencyKey, c.rate_key AS rateKey, c.rate_per AS ratePer FROM celeriac_claims c CROSS JOIN celeriac_jobs j ON j.seq = c.seq
      WHERE c.owner = ? ORDER BY c.seq`)
    this.#held = db
      .prepare(
        'SELECT DISTINCT owner FROM celeriac_claims WHERE owner NOT IN (SELECT id FROM celeriac_processes) ORDER BY owner',
      )
      .pluck()
  }

  /** A random UUID (version 4), drawn by SQLite: `node:crypto` is 20 modules, which the engine needs for nothing else at its start. */
  newKey(): string {
    const hex = this.#db.prepare('SELECT lower(hex(randomblob(16)))').pluck().get() as string
    const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) & 3]
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
  }

  /** Returns the id that claims carry as their owner; ids are never used twice. */
  register(process: NewProcess, now: number): number {
    const { key, app, host, pid } = process
    const [tasks, vitals] = [JSON.stringify(process.tasks), JSON.stringify(process.vitals)]
    const id = Number(this.#insert.run({ ...process, tasks, vitals, now }).lastInsertRowid)
    this.#keep.run(id, key, app, host, pid, now)
    this.#drop.run(id - REMEMBERED)
    return id
  }

  /** False when the row is gone: another process took this one for dead and its jobs with it. */
  beat(id: number, vitals: Vitals, now: number): boolean {
    return this.#beat.run(now, JSON.stringify(vitals), id).changes === 1
  }

  /** Its pool has another number of threads at most. */
  resize(id: number, threads: number): void {
    this.#resize.run(threads, id)
  }

  remove(id: number): void {
    this.#remove.run(id)
  }

  all(): ProcessRow[] {
    return (this.#all.all() as (Omit<ProcessRow, 'tasks' | 'vitals'> & { tasks: string; vitals: string })[]).map(
      (row) => ({
        ...row,
        tasks: tasksOf(row.tasks),
        vitals: vitalsOf(row.vitals),
      }),
    )
  }

  /** A process that is or was on the file. */
  known(key: string): KnownProcess | null {
    const row = this.#known.get(key) as (Omit<KnownProcess, 'present'> & { present: number }) | undefined
    return row ? { ...row, present: row.present === 1 } : null
  }

  /** Jobs that an owner has claimed and not settled. */
  claimedBy(owner: number): Orphan[] {
    return this.#orphans.all(owner) as Orphan[]
  }

  /** Owners of running jobs that have no row any more, as in a file restored from a backup; the one that began first comes first. */
  strayOwners(): number[] {
    return this.#held.all() as number[]
  }
}

function tasksOf(text: string): string[] {
  const tasks = readJson(text)
  return isTexts(tasks) ? tasks : []
}

const NO_VITALS: Vitals = { memory: 0, threads: 0, busy: 0, stuck: 0, restarts: 0, engineDelay: 0, appDelay: null }

/** What cannot be read counts as not said, until the process says it anew. */
function vitalsOf(text: string): Vitals {
  const said = readObject(text) ?? {}
  const read = Object.keys(NO_VITALS).flatMap((key) => (isNumber(said[key]) ? [[key, said[key]]] : []))
  return { ...NO_VITALS, ...Object.fromEntries(read) }
}
