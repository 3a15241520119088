/** A process without threads: the engine's own parts on a connection of its own, on a clock that somebody else sets. */

import { Estimates } from '../../../lib/domain/estimates.ts'
import { Beat } from '../../../lib/engine/beat.ts'
import type { Clock } from '../../../lib/engine/clock.ts'
import { Dispatcher } from '../../../lib/engine/dispatcher.ts'
import { Edits } from '../../../lib/engine/edits.ts'
import { Intake } from '../../../lib/engine/intake.ts'
import { MainRuns } from '../../../lib/engine/main-runs.ts'
import { type Corpse, Rescuer } from '../../../lib/engine/rescuer.ts'
import { Settler } from '../../../lib/engine/settler.ts'
import type { Participant } from '../../../lib/engine/turn.ts'
import { Signature } from '../../../lib/index.ts'
import type { LaneJob } from '../../../lib/pool/lane.ts'
import { scheduleDeclaration } from '../../../lib/schedule-options.ts'
import type { ProcessRow } from '../../../lib/store/processes.ts'
import { Store } from '../../../lib/store/store.ts'
import type { Begun } from '../../../lib/wire/begun-file.ts'
import type { Duplicate, EnqueueBatch, ScheduleDeclaration, TaskDeclaration } from '../../../lib/wire/messages.ts'
import { EVERY, MINUTE, MOST_CATCHUP, QUEUE_LIMITS, SCHEDULES, TASKS, WINDOW } from './setting.ts'

const DECLARED: TaskDeclaration[] = Object.entries(TASKS).map(([name, { limit, rate, keyed, onCrash }]) => ({
  name,
  runIn: 'main',
  onCrash: onCrash ?? 'retry',
  concurrency: limit ?? null,
  rate: rate === undefined ? null : { limit: rate, per: WINDOW, keyed: keyed === true },
  timeLimit: null,
  softTimeLimit: null,
  retry: null,
}))

const DECLARATIONS: ScheduleDeclaration[] = Object.entries(SCHEDULES).map(([name, { misfire, overlap, expiresIn }]) =>
  scheduleDeclaration(
    name,
    {
      cron: `*/${EVERY / MINUTE} * * * *`,
      misfire,
      overlap,
      maxCatchup: MOST_CATCHUP,
      run: new Signature('tick', [], {}, true),
    },
    'UTC',
    () => ({
      task: 'tick',
      queue: 'a',
      priority: 0,
      maxAttempts: 1,
      codec: 'json',
      options: null,
      args: '[]',
      expiresIn,
    }),
  ),
)

/** Runs nothing; has room for as many jobs as it is told. */
class Slots extends MainRuns {
  quota = 0

  override get room(): number {
    return Math.max(0, this.quota - this.outstanding.size)
  }
}

/** Thrown at the end of a transaction, as when the commit fails. */
class CommitFailed extends Error {}

export class VirtualProcess {
  readonly store: Store
  readonly dispatcher: Dispatcher
  readonly settler: Settler
  readonly edits = new Edits(() => {})
  readonly #clock: Clock
  readonly #intake: Intake
  readonly #beat: Beat
  readonly #rescuer: Rescuer
  readonly #main = new Slots(() => {})
  readonly #participants: Participant[]
  readonly owner: number
  /** Jobs that it runs, in the order in which it claimed them. */
  held: LaneJob[] = []
  #failing = false

  constructor(path: string, clock: Clock, key: string) {
    this.#clock = clock
    const store = new Store(path, 'normal')
    this.store = store
    const stored = (queue: string, task: string, delayed: boolean): void => {
      this.dispatcher.open(queue, task)
      if (delayed) this.dispatcher.recheckTimes()
    }
    const nothing = (): void => {}
    this.dispatcher = new Dispatcher({
      store,
      pool: () => null,
      main: this.#main,
      estimates: new Estimates(),
      queues: Object.fromEntries(Object.entries(QUEUE_LIMITS).map(([name, concurrency]) => [name, { concurrency }])),
      share: 0,
      owner: () => this.owner,
      monotonic: () => clock.monotonic(),
      events: { dispatched: (job) => this.held.push(job), started: nothing, expired: nothing, discarded: nothing },
    })
    this.settler = new Settler(store, {
      waiting: stored,
      slowDown: (job, now, wait) => this.dispatcher.gates.backOff(job, now, wait),
      roomier: (buckets) => this.dispatcher.gates.reopen(buckets),
      revoked: nothing,
      followed: nothing,
      ended: nothing,
      retried: nothing,
      lostLease: nothing,
    })
    this.#intake = new Intake(store, { stored, sent: nothing, ended: nothing })
    this.#beat = new Beat(store, 'model', {
      stored: (queue, task) => stored(queue, task, true),
      fired: nothing,
      missed: nothing,
      revoked: nothing,
      broken: (schedule, error) => {
        throw new Error(`schedule ${schedule} is said to be broken: ${String(error)}`)
      },
    })
    this.#rescuer = new Rescuer(store, this.dispatcher.tasks)
    this.#participants = [this.settler, this.#intake, this.edits, this.#beat, this.dispatcher]
    for (const task of DECLARED) this.dispatcher.tasks.set(task.name, task)
    // As starting.ts does it.
    this.edit((now) => {
      this.#beat.declare(DECLARATIONS, now)
      this.#beat.keepDeclared(Object.keys(SCHEDULES), now)
    })
    const vitals = { memory: 1, threads: 1, busy: 0, stuck: 0, restarts: 0, engineDelay: 0, appDelay: null }
    const row = { key, app: 'model', host: 'here', pid: 1, role: 'all', threads: 1, tasks: Object.keys(TASKS), vitals }
    this.owner = this.edit((now) => store.processes.register(row, now))
    this.edit((now) => this.#rescuer.rescueStrays(now))
    this.#beat.run(true)
    this.dispatcher.consume(true)
    this.settle()
  }

  /** One turn after the other until there is nothing to do; claims up to so many jobs. */
  settle(claims = 0): void {
    this.#poll()
    this.#main.quota = this.#main.outstanding.size + claims
    // A change of room that the engine would see by the jobs outstanding.
    if (claims > 0) this.dispatcher.open('', '')
    let turns = 0
    do if (++turns > 100) throw new Error('the engine finds no rest')
    while (this.#turn())
    this.#main.quota = 0
  }

  /** The next transaction is undone at its end. */
  failNext(): void {
    this.#failing = true
  }

  enqueue(batches: EnqueueBatch[]): Duplicate[] {
    let duplicates: Duplicate[] | null = null
    this.#intake.add(
      {
        reply: (reply) => {
          if (reply.type === 'stored') duplicates = reply.duplicates.map(([, duplicate]) => duplicate)
        },
      },
      1,
      batches,
    )
    this.settle()
    if (duplicates === null) throw new Error('nobody was told that the jobs are stored')
    return duplicates
  }

  /** Inside the next turn's transaction. */
  edit<T>(work: (now: number) => T): T {
    let result: { value: T } | null = null
    void this.edits.make((now) => {
      result = { value: work(now) }
    })
    this.settle()
    return (result as unknown as { value: T }).value
  }

  /** The job's function ended, or whatever ran it did. */
  release(index: number): LaneJob {
    const [job] = this.held.splice(index, 1) as [LaneJob]
    this.#main.finish(job.row[0])
    return job
  }

  pauseSchedule(name: string, paused: boolean): void {
    this.edit((now) => this.#beat.pause(name, paused, now))
  }

  rescue(row: ProcessRow, begun: Begun | null): void {
    const corpse: Corpse = { row, begun, reason: `process ${row.id} died` }
    this.edit((now) => this.#rescuer.rescue(corpse, now))
    this.dispatcher.gates.refresh()
    this.dispatcher.openAll()
    this.settle()
  }

  close(): void {
    this.store.close()
  }

  /** As lookout.ts does it. */
  #poll(): void {
    if (!this.store.changedElsewhere()) return
    if (this.dispatcher.consuming) this.dispatcher.openAll()
    this.#beat.refresh()
  }

  /** As turn.ts does it; false when there was nothing to do. */
  #turn(): boolean {
    const now = this.#clock.now()
    const waiting = this.#participants.filter((participant) => participant.pending(now))
    if (waiting.length === 0) return false
    const active: Participant[] = []
    try {
      this.store.write(() => {
        for (const participant of this.#participants) {
          if (!participant.pending(now)) continue
          active.push(participant)
          participant.write(now)
        }
        if (!this.#failing) return
        this.#failing = false
        throw new CommitFailed()
      })
    } catch (error) {
      if (!(error instanceof CommitFailed)) throw error
      return true
    }
    for (const participant of active) participant.committed(now)()
    this.#beat.recheck()
    return true
  }
}
