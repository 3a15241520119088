import { AppStopped, ShuttingDown } from '../errors.ts'
import { storageError } from '../store/sqlite-errors.ts'
import { begunPath, removeBegunFile } from '../wire/begun-file.ts'
import { toWireError } from '../wire/error-codec.ts'
import type { StopReport } from '../wire/messages.ts'
import { LONGEST_TIMER } from './clock.ts'
import type { Lookout } from './lookout.ts'
import type { Parts } from './parts.ts'

/**
 * How long terminated threads may take to end, in ms: one stuck in native code never does. Less than the second that a stop
 * may take beyond its own times, for the rest of it takes some too.
 */
const TERMINATION = 800
/** How long a stop goes on trying to write while another connection holds the file, in ms. */
const LOCKED = 1_000

/**
 * The warm shutdown: stops claiming, hands back what was not begun, lets the rest finish for `drain` ms, signals it and
 * waits for `grace` ms, then terminates. What is interrupted gets its attempt back.
 */
export async function stop(parts: Parts, lookout: Lookout, drain: number, grace: number): Promise<StopReport> {
  const { dispatcher, beat, standing, main, settler, turns, announcer, clock } = parts
  const report: StopReport = { finished: 0, returned: 0, killed: 0 }
  dispatcher.consume(false)
  beat.run(false)
  standing.stopping = report
  // What a start that is under way has put on the file so far is known once it has heard of the stop.
  standing.awaitingThread?.reject(new AppStopped('the app was stopped while it started'))
  await within(Promise.allSettled([standing.starting]), LOCKED).ended
  for (const lane of standing.pool?.lanes ?? []) {
    for (const job of lane.takeBack()) {
      report.returned++
      settler.add({ kind: 'give-back', job })
    }
  }
  turns.request()
  const empty = whenEmpty(parts)
  const drained = within(empty, drain)
  let graced: Wait | null = null
  let patience = grace
  standing.hasten = (drain, grace) => {
    patience = Math.min(patience, grace)
    drained.shorten(drain)
    graced?.shorten(grace)
  }
  if (!(await drained.ended)) {
    signalAll(parts)
    graced = within(empty, patience)
    if (!(await graced.ended)) {
      for (const lane of [...(standing.pool?.lanes ?? [])]) standing.pool?.terminate(lane)
      for (const job of main.outstanding.values()) {
        report.returned++
        settler.add({ kind: 'give-back', job })
      }
      main.outstanding.clear()
      await within(empty, TERMINATION).ended
    }
  }
  lookout.stop()
  parts.pruner.stop()
  if (await turns.outlast(clock.monotonic() + LOCKED)) turns.finish()
  else announcer.report({ about: 'outcomes-left' })
  await leave(parts)
  const stuck = standing.pool?.leaving ?? 0
  return stuck === 0 ? report : { ...report, stuck }
}

function signalAll({ standing, main }: Parts): void {
  const reason = toWireError(new ShuttingDown('the app is stopping and its drain time is over'))
  for (const lane of standing.pool?.lanes ?? []) {
    const job = lane.outstanding.get(lane.running)
    if (!job) continue
    standing.interrupted.add(job)
    lane.cancel(lane.running, reason)
  }
  for (const [position, job] of main.outstanding) {
    standing.interrupted.add(job)
    main.cancel(position, reason)
  }
}

/** Takes this process off the file, and closes it. What cannot be cleared away, whoever opens the file next clears, as after a kill. */
async function leave({ standing, store, rescuer, main, announcer, clock }: Parts): Promise<void> {
  const { owner } = standing
  const tidied = (work: () => void): boolean => {
    try {
      work()
      return true
    } catch (error) {
      announcer.report({ about: 'files-left', error: toWireError(storageError(error, store.path)) })
      return false
    }
  }
  const depart = (owner: number): void => {
    store.rates.leave(owner, clock.now())
    store.processes.remove(owner)
  }
  standing.owner = null
  if (owner !== null) {
    const removed = tidied(() => store.write(() => depart(owner)))
    tidied(() => rescuer.disappear())
    main.close()
    // Whoever finds the row of this process without its lock wants to know what it had begun.
    if (removed) tidied(() => removeBegunFile(begunPath(store.path, standing.key)))
    announcer.announce('worker-offline', { key: standing.key, pid: process.pid, at: clock.now() })
  }
  await within(standing.pool?.close() ?? Promise.resolve(), TERMINATION).ended
  // Without room for a last checkpoint, all that was committed stays in the log.
  tidied(() => store.close())
}

function whenEmpty({ standing, dispatcher }: Parts): Promise<void> {
  return new Promise((resolve) => {
    standing.awaitingEmpty = () => {
      for (const _ of dispatcher.outstanding()) return
      resolve()
    }
    standing.awaitingEmpty()
  })
}

interface Wait {
  /** Whether what is waited for came in time. */
  ended: Promise<boolean>
  /** Waits at most this many ms more. */
  shorten(milliseconds: number): void
}

function within(promise: Promise<unknown>, milliseconds: number): Wait {
  let end = performance.now() + milliseconds
  let timer: NodeJS.Timeout | undefined
  let shorten: (milliseconds: number) => void = () => {}
  const late = new Promise<false>((resolve) => {
    const wait = (): void => {
      clearTimeout(timer)
      const left = end - performance.now()
      if (left <= 0) resolve(false)
      else timer = setTimeout(wait, Math.min(left, LONGEST_TIMER))
    }
    shorten = (milliseconds) => {
      end = Math.min(end, performance.now() + milliseconds)
      wait()
    }
    wait()
  })
  const came = promise.then(() => true as const)
  return { ended: Promise.race([came, late]).finally(() => clearTimeout(timer)), shorten: (ms) => shorten(ms) }
}
