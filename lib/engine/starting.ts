import { hostname } from 'node:os'
import { AppStopped } from '../errors.ts'
import { begunPath, createBegunFile } from '../wire/begun-file.ts'
import type { Role, StartOrder } from '../wire/messages.ts'
import type { LaneDesk } from './lane-desk.ts'
import type { Lookout } from './lookout.ts'
import type { Parts } from './parts.ts'
import { makePool } from './thread-pool.ts'

/**
 * Takes up a role on the file: stores the declared schedules, registers the process, gives back what dead ones left,
 * and opens the first thread. Resolves once that thread has imported the task modules.
 */
export async function start(
  parts: Parts,
  lookout: Lookout,
  desk: LaneDesk,
  { role, schedules, queues, redact }: StartOrder,
): Promise<void> {
  const { standing, edits, store, options, beat, rescuer, dispatcher, announcer, turns, clock } = parts
  if (standing.role !== null) return
  standing.role = role
  const beats = role === 'all' || role === 'beat'
  const consumes = role === 'all' || role === 'worker'
  const assertGoing = (): void => {
    if (standing.stopping) throw new AppStopped('the app was stopped while it started')
  }
  await edits.make((now) => {
    store.redacted.keep(options.app.name, redact)
    beat.declare(schedules, now)
    if (beats)
      beat.keepDeclared(
        schedules.map((schedule) => schedule.name),
        now,
      )
  })
  if (role === 'producer') return
  assertGoing()
  await register(parts, role)
  assertGoing()
  lookout.announceRescued(await edits.make((now) => rescuer.rescueStrays(now)))
  assertGoing()
  rescuer.sweep(clock.now())
  lookout.watchPeers()
  if (consumes) await openPool(parts, desk)
  assertGoing()
  parts.pruner.begin()
  beat.run(beats)
  dispatcher.consume(consumes, queues && new Set(queues))
  announcer.announce('worker-online', { key: standing.key, pid: process.pid, at: clock.now() })
  turns.request()
}

/** The lock first, the row after, so that a row without a lock always means death. */
async function register(parts: Parts, role: Role): Promise<void> {
  const { standing, rescuer, main, edits, store, options, dispatcher, vitals, clock } = parts
  const begunFile = begunPath(store.path, standing.key)
  rescuer.appear(standing.key)
  createBegunFile(begunFile, store.path)
  main.openBegunFile(begunFile)
  const row = {
    key: standing.key,
    app: options.app.name,
    host: hostname(),
    pid: process.pid,
    role,
    threads: options.concurrency,
    tasks: [...dispatcher.tasks.keys()],
    vitals: vitals.read(clock.monotonic()),
  }
  standing.owner = await edits.make((now) => store.processes.register(row, now))
  rescuer.refresh(standing.owner, clock.monotonic())
}

async function openPool({ standing, options, dispatcher, store, clock }: Parts, desk: LaneDesk): Promise<void> {
  const pool = standing.pool ?? (await makePool(options))
  standing.pool = pool
  const enlistment = { begunFile: begunPath(store.path, standing.key), owner: standing.owner as number }
  const wanted = [...dispatcher.tasks.values()].some((task) => task.runIn === 'thread')
  try {
    await new Promise<void>((resolve, reject) => {
      if (wanted) standing.awaitingThread = { resolve, reject }
      else resolve()
      pool.enlist(enlistment, desk)
      if (wanted) pool.fill(clock.monotonic())
    })
  } finally {
    standing.awaitingThread = null
  }
}
