/** Enqueues one job after another in several lanes, and runs them or not, until it is told to end. */
import { openSync, readSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { type AsyncResult, CeleriacError, TaskFailure } from 'celeriac'
import { lastEvents } from '../../crash/events.ts'
import { type LoadNotes, type LoadOrders, notesPath } from './orders.ts'
import { app, exiting, log, short } from './tasks.ts'

const TICK = 10
const UNFINISHED = ['SCHEDULED', 'PENDING', 'BLOCKED', 'STARTED', 'RETRY']

const {
  role = 'all',
  lanes = 0,
  padding = 0,
  length = 0,
  awaited = true,
  rest = 0,
  last = false,
} = JSON.parse(process.argv[2]!) as LoadOrders
const notes: LoadNotes = { pid: process.pid, acknowledged: 0, longestWait: 0, longestBlock: 0 }
const filling = 'x'.repeat(padding)
const schedule = openSync('/proc/self/schedstat', 'r')
const line = Buffer.alloc(100)
let ending = false
let keys = 0

process.on('disconnect', () => process.exit(1))
process.on('message', (message) => {
  if (message === 'end') ending = true
  if (message === 'start') void start()
  if (message === 'ask') void ask((key) => short.delay(key, length, filling))
  if (message === 'exit a thread') void ask((key) => exiting.delay(key))
})
app.on('engine-crashed', () => process.send?.('crashed'))
watchLoop()
if (await start()) {
  const work = Promise.all(Array.from({ length: lanes }, produce))
  if (last) await workOff()
  else await work
}
while (!ending && !last) await pause(20)
await app.stop({ drain: '10s' })
writeFileSync(notesPath(log.path, process.pid), JSON.stringify(notes))
process.removeAllListeners('disconnect')
process.disconnect?.()

async function start(): Promise<boolean> {
  try {
    await app.start({ role })
    process.send?.('working')
    return true
  } catch (error) {
    process.send?.(`refused ${codeOf(error)}`)
    if (last) throw error
    return false
  }
}

function codeOf(error: unknown): string {
  return error instanceof CeleriacError ? error.code : String(error)
}

async function produce(): Promise<void> {
  while (!ending) {
    const reported = ask((key) => short.delay(key, length, filling))
    if (awaited) await reported
    else await reported.stored
    if (rest > 0) await pause(rest)
  }
}

/** Resolves when the job has ended; `stored` when it was acknowledged or refused. */
function ask(call: (key: string) => Promise<AsyncResult<string>>): Promise<void> & { stored: Promise<void> } {
  const key = `${process.pid}-${++keys}`
  log.write({ what: 'asked', key })
  const began = performance.now()
  const handle = call(key).then(
    (stored) => {
      log.write({ what: 'acknowledged', key, id: stored.id })
      notes.acknowledged++
      notes.longestWait = Math.max(notes.longestWait, Math.round(performance.now() - began))
      return stored
    },
    async (error: unknown) => {
      log.write({ what: 'refused', key, code: codeOf(error) })
      await pause(20)
      return null
    },
  )
  const ended = handle.then((stored) => stored && report(key, stored)).then(() => {})
  return Object.assign(ended, { stored: handle.then(() => {}) })
}

async function report(key: string, handle: AsyncResult<string>): Promise<void> {
  try {
    log.write({ what: 'reported', key, state: 'SUCCESS', value: await handle.get() })
  } catch (error) {
    if (error instanceof TaskFailure)
      log.write({ what: 'reported', key, state: 'FAILURE', value: (error.cause as Error).message })
    // The job goes on; whoever asked is told why nobody will tell him.
    else if (!(error instanceof CeleriacError)) log.write({ what: 'refused', key, code: String(error) })
  }
}

async function workOff(): Promise<void> {
  const end = performance.now() + 60_000
  while (performance.now() < end) {
    const { states } = await app.inspect.stats()
    if (UNFINISHED.every((state) => !states[state])) break
    await pause(20)
  }
  const unreported = new Map<string, string>()
  for (const event of lastEvents(log.path, 500_000)) {
    if (event.what === 'acknowledged') unreported.set(event.key, event.id)
    else if (event.what === 'reported') unreported.delete(event.key)
  }
  const late = [...unreported].slice(-200).map(([key, id]) => report(key, app.result<string>(id)))
  await Promise.race([Promise.all(late), pause(10_000, undefined, { ref: false })])
}

/** Milliseconds that the main thread has waited for a processor; its file stays open, for there may be no other to be had. */
function waitedForProcessor(): number {
  const length = readSync(schedule, line, 0, line.length, 0)
  return Number(line.toString('latin1', 0, length).split(' ')[1]) / 1e6
}

function watchLoop(): void {
  let at = performance.now()
  let waited = waitedForProcessor()
  setInterval(() => {
    const [now, delay] = [performance.now(), waitedForProcessor()]
    const stood = now - at - TICK - (delay - waited)
    notes.longestBlock = Math.max(notes.longestBlock, Math.round(stood))
    at = now
    waited = delay
  }, TICK).unref()
}
