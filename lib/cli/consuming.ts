import type { Celeriac } from '../celeriac.ts'
import type { EventMap, EventName } from '../events.ts'
import type { Call } from './command.ts'
import { FAILED, OK } from './exit.ts'
import { toJson } from './output/json.ts'
import { count, safe, span } from './output/text.ts'
import type { Terminal } from './terminal.ts'
import { version } from './version.ts'

interface Consuming {
  role: 'all' | 'worker' | 'beat'
  queues: string[] | undefined
  /** Most pool threads, or null for the app's own. */
  concurrency: number | null
  once: boolean
  verbose: boolean
}

const FAULTS: readonly EventName[] = ['task-failed', 'task-retried', 'schedule-missed']
const STEPS: readonly EventName[] = ['task-started', 'task-succeeded', 'task-revoked', 'task-expired', 'schedule-fired']

/** Starts the app in a role, and ends when it is told to: once is warm, twice is cold, three times is at once. */
export async function consume(
  { terminal, opening, json }: Call,
  { role, queues, concurrency, once, verbose }: Consuming,
): Promise<number> {
  const app = await opening.app()
  const told = new Told(app, terminal)
  let crashed: Error | null = null
  app.on('engine-crashed', ({ error }) => {
    crashed = error
    told.end()
  })
  // Another process may end this one, by `celeriac shutdown`.
  app.on('worker-offline', ({ pid }) => {
    if (pid === process.pid) told.end()
  })
  for (const name of verbose ? [...FAULTS, ...STEPS] : FAULTS) tell(app, name, json, terminal)
  try {
    await app.start({ role, ...(queues && { queues }) })
    if (concurrency !== null) await app.control.pool(concurrency)
    terminal.say(opened(app, role, queues))
    if (once) await Promise.race([app.drained(), told.ended])
    else await told.ended
    if (crashed) return FAILED
    const { finished, returned, killed, stuck } = await told.stopped()
    terminal.say(
      `stopped: ${finished} finished, ${returned} handed back${killed > 0 ? `, ${killed} of them killed` : ''}`,
    )
    if (stuck !== undefined) {
      terminal.say(`${count(stuck, 'thread')} stuck in native code: the process ends by SIGKILL`)
      await terminal.flushed()
      endByForce()
    }
    return told.times > 1 ? FAILED : OK
  } finally {
    told.forget()
  }
}

function opened(app: Celeriac, role: Consuming['role'], queues: string[] | undefined): string {
  const what = role === 'beat' ? 'beat' : role === 'all' ? 'worker and beat' : 'worker'
  const on = queues ? `, queues ${queues.map(safe).join(', ')}` : ''
  const end = 'Ctrl-C ends it'
  return `celeriac ${version()} ${what} of ${app.name}, ${count(app.tasks.size, 'task')}, ${app.database}${on}, pid ${process.pid}; ${end}`
}

/** Counts the signals that ask to end. */
class Told {
  readonly ended: Promise<void>
  times = 0
  readonly #app: Celeriac
  readonly #terminal: Terminal
  readonly #signal: () => void
  #resolve: () => void = () => {}

  constructor(app: Celeriac, terminal: Terminal) {
    this.#app = app
    this.#terminal = terminal
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#signal = () => this.#heard()
    process.on('SIGTERM', this.#signal)
    process.on('SIGINT', this.#signal)
  }

  end(): void {
    this.#resolve()
  }

  stopped(): ReturnType<Celeriac['stop']> {
    return this.#app.stop(this.times > 1 ? { drain: 0, grace: 0 } : {})
  }

  forget(): void {
    process.off('SIGTERM', this.#signal)
    process.off('SIGINT', this.#signal)
  }

  #heard(): void {
    this.times++
    if (this.times === 1) this.#terminal.say('stopping: running jobs may finish; once more hands them back now')
    else if (this.times === 2) {
      this.#terminal.say('stopping at once')
      void this.#app.stop({ drain: 0, grace: 0 })
    } else endByForce()
    this.#resolve()
  }
}

/** An ordinary exit waits for threads that are within native code. */
function endByForce(): void {
  process.kill(process.pid, 'SIGKILL')
}

function tell(app: Celeriac, name: EventName, json: boolean, terminal: Terminal): void {
  app.on(name, (event: EventMap[EventName]) => {
    if (json) return terminal.print(toJson({ event: name, ...event }))
    const { at, task, id, schedule, runtime, error } = event as Partial<Record<string, unknown>>
    const about = [task ?? schedule, id, typeof runtime === 'number' ? span(runtime) : undefined, messageOf(error)]
    const text = about
      .filter((part) => part !== undefined && part !== null)
      .map(String)
      .join('  ')
    const label = FAULTS.includes(name) ? terminal.paint('bad', name.padEnd(15)) : name.padEnd(15)
    terminal.print(`${(at as Date).toISOString()} ${label} ${safe(text)}`)
  })
}

function messageOf(error: unknown): string | undefined {
  return error instanceof Error ? `${error.name}: ${error.message}` : undefined
}
