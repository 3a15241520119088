import type { Question, StoredJob } from '../wire/messages.ts'
import type { Engine } from './engine.ts'

/** Most rows of a list that `inspect` returns. */
const LISTED = 1_000

/** Answers one question; those that change something are answered after the commit. */
export async function answer(engine: Engine, question: Question): Promise<unknown> {
  const { store, edits, clock } = engine
  switch (question.about) {
    case 'job':
      return store.reads.job(question.id)
    case 'state':
      return store.reads.state(question.id)
    case 'log':
      return store.logs.of(question.id)
    case 'revoke':
      return revoke(engine, question)
    case 'forget':
      return edits.make(() => store.revocations.forget(question.id))
    case 'active':
      return store.reads.inState('STARTED', LISTED)
    case 'reserved':
      return reserved(engine)
    case 'scheduled':
      return [...store.reads.inState('SCHEDULED', LISTED), ...store.reads.inState('RETRY', LISTED)]
    case 'stats':
      return stats(engine)
    case 'queues':
      return queues(engine)
    case 'workers':
      return store.processes.all()
    case 'handlers':
      return [...new Set(store.processes.all().flatMap((row) => row.tasks))]
    case 'ping':
      return { key: engine.key, pid: process.pid, at: clock.now(), fault: engine.fault }
    case 'schedules':
      return store.schedules.all()
    case 'set-schedule':
      return edits.make((now) => engine.beat.put(question.schedule, false, now))
    case 'pause-schedule':
      return edits.make((now) => engine.beat.pause(question.name, question.paused, now))
    case 'remove-schedule':
      return edits.make(() => store.schedules.remove(question.name))
    case 'trigger-schedule':
      return edits.make((now) => void engine.beat.trigger(question.name, question.id, now))
    case 'ledger':
      return store.schedules.ledger(
        question.name,
        question.from ?? 0,
        question.to ?? Number.MAX_SAFE_INTEGER,
        question.limit,
      )
  }
}

async function revoke(engine: Engine, { id, terminate, reason }: Question & { about: 'revoke' }): Promise<unknown> {
  const before = engine.store.reads.state(id)
  const state = await engine.edits.make((now) => engine.store.revocations.revoke(id, terminate, reason, now))
  if (state === 'STARTED') engine.revoker.look()
  if (state === 'REVOKED' && before !== 'REVOKED') {
    const task = engine.store.reads.job(id)?.task ?? ''
    engine.waiters.settled(id, ['REVOKED', task, 'json', null, null])
    engine.waiters.flush()
    engine.announcer.announce('task-revoked', { id, task, at: engine.clock.now() })
  }
  return state
}

function reserved(engine: Engine): StoredJob[] {
  const jobs: StoredJob[] = []
  for (const lane of engine.pool?.lanes ?? []) {
    for (const [position, { id }] of lane.outstanding) {
      if (position === lane.running) continue
      const job = engine.store.reads.job(id)
      if (job) jobs.push(job)
    }
  }
  return jobs
}

function stats(engine: Engine): Record<string, unknown> {
  return {
    key: engine.key,
    pid: process.pid,
    role: engine.role,
    database: engine.store.path,
    threads: engine.pool?.lanes.length ?? 0,
    concurrency: engine.options.concurrency,
    states: engine.store.reads.counts(),
  }
}

function queues(engine: Engine): unknown[] {
  const byQueue = new Map<
    string,
    { queue: string; waiting: number; running: number; oldest: number | null; noHandler: number }
  >()
  const handled = new Set(engine.store.processes.all().flatMap((row) => row.tasks))
  for (const { queue, task, state, jobs, oldest } of engine.store.reads.depths()) {
    const entry = byQueue.get(queue) ?? { queue, waiting: 0, running: 0, oldest: null, noHandler: 0 }
    if (state === 'STARTED') entry.running += jobs
    else {
      entry.waiting += jobs
      entry.oldest = Math.min(entry.oldest ?? oldest, oldest)
      if (!handled.has(task)) entry.noHandler += jobs
    }
    byQueue.set(queue, entry)
  }
  return [...byQueue.values()].map((entry) => ({
    ...entry,
    concurrency: engine.options.queues[entry.queue]?.concurrency ?? null,
  }))
}
