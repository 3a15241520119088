import { formatRate, type Rate } from '../domain/rate.ts'
import { Pace } from '../store/jobs/pace.ts'
import { jobPage } from '../store/jobs/page.ts'
import type { Question, StoredPage } from '../wire/messages.ts'
import type { Obstacle } from '../wire/obstacle.ts'
import type { Parts } from './parts.ts'
import { ping, reserved, stats } from './self-report.ts'
import { count, retry, retryAll, revoke, revokeAll } from './steering.ts'

const rateText = (rate: Rate | null): string | null => rate && formatRate(rate)

/** Most rows of a list that `inspect` returns. */
const LISTED = 1_000
/** Longest that one page of a search may hold the engine up, in ms. */
const SEARCHED_FOR = 15

/** Answers one question; those that change something are answered after the commit. */
export async function answer(parts: Parts, question: Question): Promise<unknown> {
  const { store, edits } = parts
  switch (question.about) {
    case 'job':
      return store.reads.job(question.id)
    case 'state':
      return store.reads.state(question.id)
    case 'worker':
      return store.processes.known(question.key)
    case 'log':
      return store.logs.of(question.id)
    case 'jobs':
      return jobs(parts, question)
    case 'revoke':
      return revoke(parts, question.id, question.terminate, question.reason)
    case 'revoke-all':
      return revokeAll(parts, question.jobs, question.terminate, question.reason)
    case 'retry':
      return retry(parts, question.id)
    case 'retry-all':
      return retryAll(parts, question.jobs)
    case 'count':
      return count(parts, question.terms, question.after)
    case 'forget':
      return edits.make(() => store.revocations.forget(question.id))
    case 'active':
      return store.reads.inState('STARTED', LISTED)
    case 'reserved':
      return reserved(parts).flatMap((id) => store.reads.job(id) ?? [])
    case 'scheduled':
      return [...store.reads.inState('SCHEDULED', LISTED), ...store.reads.inState('RETRY', LISTED)]
    case 'stats':
      return stats(parts)
    case 'queues':
      return queues(parts)
    case 'workers':
      return store.processes.all()
    case 'handlers':
      return [...new Set(store.processes.all().flatMap((row) => row.tasks))]
    case 'drained':
      return drained(parts)
    case 'ping':
      return ping(parts)
    case 'command':
      return parts.commands.ask(question)
    case 'pause':
      return pause(parts, question)
    case 'rate-limit':
      return rateLimit(parts, question)
    case 'paused':
      return store.controls.all().filter((order) => order.pausedAt !== null)
    case 'obstacle':
      return obstacle(parts, question.id)
    case 'schedules':
      return store.schedules.all()
    case 'schedule':
      return store.schedules.get(question.name)
    case 'set-schedule':
      return edits.make((now) => parts.beat.set(question.schedule, now))
    case 'pause-schedule':
      return edits.make((now) => parts.beat.pause(question.name, question.paused, now))
    case 'remove-schedule':
      return edits.make((now) => parts.beat.remove(question.name, now))
    case 'reset-schedule':
      return edits.make((now) => parts.beat.reset(question.name, now))
    case 'trigger-schedule':
      return edits.make((now) => parts.beat.trigger(question.name, question.id, now))
    case 'audit-begin':
      return edits.make((now) => store.audit.begin(question.user, question.action, question.target, now))
    case 'audit-end':
      return edits.make(() => store.audit.end(question.seq, question.outcome))
    case 'audit':
      return store.audit.latest(question.limit)
    case 'ledger':
      return store.slots.ledger(
        question.name,
        question.from ?? 0,
        question.to ?? Number.MAX_SAFE_INTEGER,
        question.limit,
      )
  }
}

function obstacle({ store, dispatcher, clock }: Parts, id: string): Obstacle | null {
  const job = store.reads.job(id)
  if (!job) return null
  const { task, state, blockedOn, concurrencyKey: key, concurrencyLimit: limit } = job
  const now = clock.now()
  if (state === 'BLOCKED' && blockedOn !== null && blockedOn === job.rateKey)
    return dispatcher.gates.keyObstacle(task, blockedOn, now)
  if (state !== 'BLOCKED' || key === null || blockedOn !== key) return dispatcher.gates.obstacle(job.queue, task, now)
  return { what: 'key', task, key: key.slice(task.length + 1), limit: limit ?? 1, holder: store.admission.holder(key) }
}

async function pause({ store, edits, dispatcher, turns }: Parts, { line, paused }: Question & { about: 'pause' }) {
  const write = (now: number): void => {
    dispatcher.gates.refresh()
    if (line && paused) store.controls.pause(line, now)
    else store.controls.resume(line)
  }
  // Refreshed again after it: what was read in a transaction that was undone does not hold.
  await edits.make(write).finally(() => dispatcher.gates.refresh())
  if (dispatcher.consuming) dispatcher.openAll()
  turns.request()
}

async function rateLimit(
  { store, edits, dispatcher, turns }: Parts,
  { line, rate }: Question & { about: 'rate-limit' },
) {
  const write = (now: number): void => {
    dispatcher.gates.refresh()
    store.controls.rate(line, rate)
    // Jobs that wait for the rate of a key are looked at by the new one.
    if (line.kind === 'task') store.awaitedKeys.rouseTask(line.name, now)
  }
  await edits.make(write).finally(() => dispatcher.gates.refresh())
  dispatcher.recheckTimes()
  if (dispatcher.consuming) dispatcher.openAll()
  turns.request()
}

/** Resolves once nothing is left that this process could run now. */
async function drained({ clock, standing, dispatcher, settler, turns }: Parts): Promise<void> {
  const over = (): boolean => {
    if (!dispatcher.consuming) return true
    for (const _ of dispatcher.outstanding()) return false
    return !settler.pending() && !dispatcher.work(clock.now())
  }
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (!over()) return
      standing.awaitingDrained.delete(look)
      resolve()
    }
    standing.awaitingDrained.add(look)
    look()
    turns.request()
  })
}

function jobs({ store, clock }: Parts, question: Question & { about: 'jobs' }): StoredPage {
  const pace = new Pace(SEARCHED_FOR, () => clock.monotonic())
  return jobPage(store.search, store.reads, question, pace)
}

function queues(parts: Parts): unknown[] {
  const byQueue = new Map<
    string,
    { queue: string; waiting: number; running: number; oldest: number | null; noHandler: number }
  >()
  const handled = new Set(parts.store.processes.all().flatMap((row) => row.tasks))
  for (const { queue, pending, running, oldest, tasks } of parts.store.queues.depths(handled)) {
    const noHandler = tasks.reduce((sum, task) => sum + (task.handled ? 0 : task.pending), 0)
    byQueue.set(queue, { queue, waiting: pending, running, oldest, noHandler })
  }
  const orders = parts.store.controls.all().filter(({ kind }) => kind === 'queue')
  const paused = new Set(orders.flatMap(({ name, pausedAt }) => (pausedAt !== null ? name : [])))
  const ordered = orders.flatMap(({ name, rate }) => (rate !== null ? name : []))
  for (const queue of [...paused, ...ordered, ...Object.keys(parts.options.queues)])
    if (!byQueue.has(queue)) byQueue.set(queue, { queue, waiting: 0, running: 0, oldest: null, noHandler: 0 })
  return [...byQueue.values()].map((entry) => ({
    ...entry,
    concurrency: parts.options.queues[entry.queue]?.concurrency ?? null,
    paused: paused.has(entry.queue),
    rateLimit: rateText(parts.dispatcher.gates.rateOf({ kind: 'queue', name: entry.queue }, parts.clock.now())),
  }))
}
