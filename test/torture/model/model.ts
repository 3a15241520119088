/** What the library promises, said once more and as simply as can be: everything in memory, every question a walk over all jobs. */
import type { State } from '../../../lib/domain/states.ts'
import type { Begun } from '../../../lib/wire/begun-file.ts'
import {
  type Ending,
  type Held,
  holdsKey,
  holdsPlace,
  isFinal,
  isMetered,
  type ModelJob,
  type NewJobs,
  type Place,
  type Start,
  waits,
} from './job.ts'
import { ModelSchedules } from './schedules.ts'
import { BUCKETS, HOUR, KEPT, METERS, PROCESSES, QUEUE_LIMITS, T0, TASKS, WINDOW } from './setting.ts'

/** Deaths under one job after which it has failed. */
const CRASH_LIMIT = 3
/** Starts that lie further ahead were counted before the clock was set back, in ms. */
const AHEAD = 5_000

const NONE: ReadonlySet<string> = new Set()

export interface ModelProcess {
  /** Told apart over restarts. */
  owner: number
  /** Others took it for dead and gave its jobs away; it does not know. */
  undead: boolean
  held: Held[]
  /** A job that died twice waits until nothing runs beside it. */
  isolating: boolean
}

/** What was counted when jobs ended. */
export type Totals = Record<'success' | 'failure' | 'revoked' | 'expired' | 'retries' | 'crashes', number>

const TOTAL: Partial<Record<State, keyof Totals>> = {
  SUCCESS: 'success',
  FAILURE: 'failure',
  REVOKED: 'revoked',
  EXPIRED: 'expired',
}

export class Model {
  now = T0
  /** In the order in which they were stored. */
  jobs: ModelJob[] = []
  readonly processes: ModelProcess[] = []
  readonly schedules: ModelSchedules
  readonly paused = new Set<string>()
  readonly totals: Totals = { success: 0, failure: 0, revoked: 0, expired: 0, retries: 0, crashes: 0 }
  /** Starts that count against each rate. */
  readonly starts = new Map<string, Start[]>()
  #claims = 0
  #stored = 0

  constructor() {
    this.schedules = new ModelSchedules(this)
  }

  /** A name for a job that is to be stored. */
  nextKey(): string {
    return `j${++this.#stored}`
  }

  job(key: string): ModelJob | undefined {
    return this.jobs.find((job) => job.key === key)
  }

  process(index: number): ModelProcess {
    return this.processes[index % PROCESSES] as ModelProcess
  }

  /** A process begins in this place, and takes over what strays ran. */
  begin(index: number, owner: number): void {
    const process: ModelProcess = { owner, undead: false, held: [], isolating: false }
    this.processes[index] = process
    this.schedules.begin(index)
    const alive = new Set(this.processes.filter(({ undead }) => !undead).map((one) => one.owner))
    const strays = this.jobs.filter((job) => job.state === 'STARTED' && !alive.has(job.owner as number))
    for (const job of strays.sort((a, b) => (a.owner as number) - (b.owner as number))) this.#orphaned(job, null)
    this.settle(index)
  }

  /**
   * The same as a process does whenever it is woken; claims up to so many jobs. Returns what it claims.
   * @param chosen what the library has claimed: of the jobs under a key's rate any may be the next
   */
  settle(index: number, claims = 0, chosen: ReadonlySet<string> = NONE): string[] {
    const process = this.processes[index] as ModelProcess
    const claimed: string[] = []
    this.schedules.look(index)
    do {
      this.#expire()
      this.#promote()
      claimed.push(...this.#claim(process, claims - claimed.length, chosen))
    } while (this.schedules.fire())
    if (claimed.length < claims && !process.isolating) this.#assertNoneCould(process)
    return claimed
  }

  /** Returns the jobs that are not stored, each with the one that is there. */
  enqueue(batch: NewJobs): [string, string][] {
    const { keys, unique } = batch
    if (unique?.onConflict === 'error') {
      const taken = this.#conflict(batch)
      if (taken !== null) return keys.map((key) => [key, taken])
    }
    const refused: [string, string][] = []
    keys.forEach((key, i) => {
      const existing = unique ? this.#makeWay(batch, unique.keys[i] as string, key) : null
      if (existing !== null) refused.push([key, existing])
      else this.store(batch, key, unique && { key: unique.keys[i] as string, until: unique.until })
    })
    return refused
  }

  store(batch: NewJobs, key: string, unique: ModelJob['unique'] = null, schedule: string | null = null): void {
    const { now } = this
    const { task, queue, priority, delay, expires, maxAttempts, parent, place, meter } = batch
    const runAt = delay === null ? null : now + delay
    const job: ModelJob = {
      key,
      task,
      queue,
      priority,
      state: runAt !== null && runAt > now ? 'SCHEDULED' : 'PENDING',
      rank: (runAt ?? now) - priority * HOUR,
      runAt,
      expiresAt: expires === null ? null : now + expires,
      attempt: 0,
      maxAttempts,
      crashes: 0,
      owner: null,
      claim: 0,
      begun: false,
      finishedAt: null,
      parent,
      schedule,
      unique,
      place,
      bucket: meter ?? (TASKS[task]?.rate === undefined ? null : `task:${task}`),
      start: null,
      revokeAsked: false,
    }
    if (job.state === 'PENDING') this.#enter(job, place?.discard === true)
    this.jobs.push(job)
  }

  /** A process hears when the function of a job began that goes on. */
  hear(index: number, at: number, began: number): void {
    const { start } = this.process(index).held[at] as Held
    if (!start || start.told) return
    this.#began(start, began)
    start.told = true
  }

  /** How what a process runs came to its end; it may have been given to another meanwhile. */
  end(index: number, at: number, ending: Ending, delay: number, heard: boolean): void {
    const { held } = this.processes[index] as ModelProcess
    const [mine] = held.splice(at, 1) as [Held]
    const { start } = mine
    if (start && !start.told)
      this.#began(start, (ending === 'give-back' || ending === 'crash' ? this.now : mine.at) + 1)
    const job = this.#holds(mine)
    if (!job) return
    const { now } = this
    if (ending === 'success') this.#finish(job, 'SUCCESS')
    else if (heard && job.revokeAsked && ending !== 'crash' && ending !== 'give-back') {
      this.#finish(job, 'REVOKED')
      this.#revokeBelow(job.key)
    } else if (ending === 'failure') this.#finish(job, 'FAILURE')
    else if (ending === 'retry') {
      this.totals.retries++
      this.#waitAgain(job, 'RETRY', now + delay)
    } else if (ending === 'snooze') {
      job.attempt--
      this.#waitAgain(job, 'SCHEDULED', now + delay)
    } else if (ending === 'crash') this.#crashed(job, isMetered(job) || mine.crashes + 1 >= CRASH_LIMIT)
    else {
      job.attempt--
      this.#waitAgain(job, 'PENDING', job.runAt)
    }
    this.#refill(job.place)
  }

  /** Another process found this one dead. Null when nothing is known of what it had begun. */
  rescue(index: number, begun: Begun | null, tokens: ReadonlyMap<string, number>): void {
    const process = this.processes[index] as ModelProcess
    process.undead = true
    const orphans = this.jobs.filter((job) => job.state === 'STARTED' && job.owner === process.owner)
    for (const job of orphans) {
      const token = tokens.get(job.key) as number
      this.#orphaned(job, begun && { tokens: begun.tokens.has(token), last: begun.last.has(token) })
    }
  }

  revoke(key: string): void {
    const job = this.job(key)
    if (!job || isFinal(job)) return
    if (job.state === 'STARTED') job.revokeAsked = true
    else this.#finish(job, 'REVOKED')
    this.#revokeBelow(key)
    this.#refill(job.place)
  }

  /** False when it cannot be run again. */
  retry(key: string): boolean {
    const job = this.job(key)
    if (!job || !isFinal(job) || job.state === 'SUCCESS') return false
    const { unique } = job
    if (unique && (!job.begun || unique.until === 'finished') && this.#holder(job.task, unique.key)) return false
    job.state = 'PENDING'
    job.rank = this.now - job.priority * HOUR
    job.runAt = null
    job.expiresAt = null
    job.finishedAt = null
    job.maxAttempts = Math.max(job.maxAttempts, job.attempt + 1)
    job.revokeAsked = false
    job.owner = null
    this.#enter(job, false)
    return true
  }

  /** Jobs that may be deleted now. */
  prunable(): ModelJob[] {
    return this.jobs.filter(
      (job) => isFinal(job) && (job.finishedAt as number) <= this.now - KEPT[job.state as keyof typeof KEPT],
    )
  }

  unfinishedOf(schedule: string): ModelJob[] {
    return this.jobs.filter((job) => job.schedule === schedule && !isFinal(job))
  }

  #enter(job: ModelJob, discard: boolean): void {
    if (job.place === null || this.#taken(job.place.key, job) < job.place.limit) job.state = 'PENDING'
    else if (discard) this.#finish(job, 'REVOKED')
    else job.state = 'BLOCKED'
  }

  #taken(key: string, but?: ModelJob): number {
    return this.jobs.filter((job) => job !== but && job.place?.key === key && holdsPlace(job)).length
  }

  #refill(place: Place | null): void {
    if (place === null) return
    const waiting = this.#byRank(this.jobs.filter((job) => job.place?.key === place.key && job.state === 'BLOCKED'))
    for (const job of waiting) {
      if (this.#taken(place.key) >= (job.place as Place).limit) return
      job.state = 'PENDING'
    }
  }

  #byRank(jobs: ModelJob[]): ModelJob[] {
    return jobs.sort((a, b) => a.rank - b.rank)
  }

  #holder(task: string, key: string): ModelJob | undefined {
    return this.jobs.find((job) => job.task === task && job.unique?.key === key && holdsKey(job))
  }

  #conflict({ task, keys, unique }: NewJobs): string | null {
    const own = new Map<string, string>()
    for (const [i, key] of (unique?.keys ?? []).entries()) {
      const existing = this.#holder(task, key)?.key ?? own.get(key)
      if (existing !== undefined) return existing
      own.set(key, keys[i] as string)
    }
    return null
  }

  /** The job because of which a new one is not stored, or null. */
  #makeWay({ task, unique }: NewJobs, uniqueKey: string, key: string): string | null {
    const holder = this.#holder(task, uniqueKey)
    if (!holder || key === holder.key) return null
    if (unique?.onConflict !== 'replace') return holder.key
    if (waits(holder)) this.revoke(holder.key)
    else holder.unique = null
    return null
  }

  #finish(job: ModelJob, state: State): void {
    if (isFinal(job)) throw new Error(`the model ends ${job.key} twice`)
    job.state = state
    job.finishedAt = this.now
    this.totals[TOTAL[state] as keyof Totals]++
  }

  #revokeBelow(key: string): void {
    const ended: ModelJob[] = []
    const below = (parent: string): void => {
      for (const job of this.jobs) {
        if (job.parent !== parent || !waits(job)) continue
        this.#finish(job, 'REVOKED')
        ended.push(job)
        below(job.key)
      }
    }
    below(key)
    for (const job of ended) this.#refill(job.place)
  }

  /** Back among the waiting, unless somebody wants it to end. */
  #waitAgain(job: ModelJob, state: State, runAt: number | null): void {
    job.state = state
    job.runAt = runAt
    job.owner = null
    if (!job.revokeAsked) return
    this.#finish(job, 'REVOKED')
    this.#revokeBelow(job.key)
    this.#refill(job.place)
  }

  #crashed(job: ModelJob, forGood: boolean): void {
    job.crashes++
    this.totals.crashes++
    if (forGood) this.#finish(job, 'FAILURE')
    else this.#waitAgain(job, 'PENDING', job.runAt)
  }

  #orphaned(job: ModelJob, begun: { tokens: boolean; last: boolean } | null): void {
    const under = begun === null || begun.last
    const { start } = job
    if (start?.at === Number.POSITIVE_INFINITY) {
      const starts = this.#startsOf(start.bucket)
      if (begun?.tokens !== false) start.at = this.now
      else starts.splice(starts.indexOf(start), 1)
    }
    if (begun?.tokens !== false && (TASKS[job.task]?.onCrash === 'fail' || (under && job.crashes + 1 >= CRASH_LIMIT)))
      this.#crashed(job, true)
    else if (begun?.tokens !== false && under) this.#crashed(job, false)
    else {
      job.attempt--
      this.#waitAgain(job, 'PENDING', job.runAt)
    }
    this.#refill(job.place)
  }

  /** The job, if what a process holds is still its own. */
  #holds({ key, claim }: Held): ModelJob | null {
    const job = this.job(key)
    return job?.state === 'STARTED' && job.claim === claim ? job : null
  }

  #expire(): void {
    const late = this.jobs.filter(
      (job) =>
        job.expiresAt !== null &&
        job.expiresAt <= this.now &&
        job.attempt === 0 &&
        (job.state === 'PENDING' || job.state === 'SCHEDULED' || job.state === 'BLOCKED'),
    )
    for (const job of late) this.#finish(job, 'EXPIRED')
    for (const job of late) this.#refill(job.place)
  }

  #promote(): void {
    const due = this.jobs
      .filter((job) => (job.state === 'SCHEDULED' || job.state === 'RETRY') && (job.runAt as number) <= this.now)
      .sort((a, b) => (a.runAt as number) - (b.runAt as number) || (a.state < b.state ? -1 : a.state > b.state ? 1 : 0))
    for (const job of due) {
      job.rank = (job.runAt as number) - job.priority * HOUR
      this.#enter(job, job.place?.discard === true && job.state === 'SCHEDULED')
    }
  }

  #claim(process: ModelProcess, most: number, chosen: ReadonlySet<string>): string[] {
    const claimed: string[] = []
    const running = process.held.map(({ crashes }) => crashes)
    if (process.held.length === 0) process.isolating = false
    if (most <= 0 || process.isolating || running.some((crashes) => crashes >= CRASH_LIMIT - 1)) return claimed
    for (const job of this.#byRank(this.jobs.filter(({ state }) => state === 'PENDING'))) {
      if (claimed.length === most) break
      if (!this.#open(job) || (isMetered(job) && !chosen.has(job.key))) continue
      if (job.crashes >= CRASH_LIMIT - 1 && process.held.length > 0) {
        process.isolating = true
        break
      }
      job.state = 'STARTED'
      job.attempt++
      job.begun = true
      job.finishedAt = null
      job.owner = process.owner
      job.claim = ++this.#claims
      claimed.push(job.key)
      process.held.push({ key: job.key, claim: job.claim, crashes: job.crashes, start: this.#start(job), at: this.now })
      if (job.crashes >= CRASH_LIMIT - 1) break
    }
    return claimed
  }

  /** Whether nothing but a free thread is missing. */
  #open({ queue, task, bucket }: ModelJob): boolean {
    if (this.paused.has(`queue:${queue}`) || this.paused.has(`task:${task}`)) return false
    const { limit } = TASKS[task] as (typeof TASKS)[string]
    const running = this.jobs.filter(({ state }) => state === 'STARTED')
    if (running.filter((job) => job.queue === queue).length >= (QUEUE_LIMITS[queue] ?? Number.POSITIVE_INFINITY))
      return false
    if (limit !== undefined && running.filter((job) => job.task === task).length >= limit) return false
    return bucket === null || this.#counted(bucket) < (BUCKETS.find((one) => one.bucket === bucket)?.limit as number)
  }

  /** Whoever has room for more leaves no job behind that could start. */
  #assertNoneCould({ held }: ModelProcess): void {
    if (held.some(({ crashes }) => crashes >= CRASH_LIMIT - 1)) return
    const idle = this.jobs.find((job) => job.state === 'PENDING' && isMetered(job) && this.#open(job))
    if (idle) throw new Error(`${idle.key} could start: its key has room, and so has the process`)
  }

  /** Counts until it is known when it began. */
  #start(job: ModelJob): Start | null {
    const { bucket } = job
    const [owner, since] = [job.owner as number, this.now]
    job.start = bucket === null ? null : { bucket, owner, since, at: Number.POSITIVE_INFINITY, told: false }
    if (job.start) this.#startsOf(job.start.bucket).push(job.start)
    return job.start
  }

  #began(start: Start, at: number): void {
    const starts = this.#startsOf(start.bucket)
    at = Math.min(at, this.now + 2)
    const open = starts.filter((one) => one.at === Number.POSITIVE_INFINITY)
    // What a process holds of a queue's or task's rate since one moment is told apart by nobody.
    const alike = METERS.some((meter) => meter === start.bucket)
      ? undefined
      : open.find(({ owner, since }) => owner === start.owner && since === start.since)
    const place = open.includes(start) ? start : alike
    if (place) place.at = at
    // Others took the process for dead and closed it.
    else starts.push({ ...start, at })
  }

  #startsOf(bucket: string): Start[] {
    let starts = this.starts.get(bucket)
    if (!starts) {
      starts = []
      this.starts.set(bucket, starts)
    }
    return starts
  }

  /** Starts of the window that ends now. */
  #counted(bucket: string): number {
    return this.#startsOf(bucket).filter(({ at }) => at > this.now - WINDOW).length
  }

  /** The clock is set. Starts that lie far ahead then count as if they were made now. */
  setClock(now: number): void {
    this.now = now
    for (const starts of this.starts.values()) {
      const begun = starts.filter(({ at }) => at !== Number.POSITIVE_INFINITY)
      if (!begun.some(({ at }) => at > now + AHEAD)) continue
      for (const start of begun) start.at = Math.min(start.at, now)
    }
  }
}
