import type { Logger } from './options/app-options.ts'
import type { Incident } from './wire/incident.ts'

type Level = keyof Logger

/** Turns what happens into lines for the app's logger: the only place that words them. */
export class LogLines {
  readonly #app: string
  readonly #logger: Logger

  constructor(app: string, logger: Logger) {
    this.#app = app
    this.#logger = logger
  }

  report(incident: Incident): void {
    const [level, text] = lineOf(incident)
    this.write(level, text)
  }

  /** The engine ended by itself, or a stop that another process asked for failed. */
  failed(error: Error): void {
    this.write('error', error.message)
  }

  listenerFailed(event: string, error: unknown): void {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.write('error', `a listener of "${event}" failed: ${what}`)
  }

  write(level: Level, text: string): void {
    this.#logger[level](`${this.#app}: ${text}`)
  }
}

function lineOf(incident: Incident): [level: Level, text: string] {
  switch (incident.about) {
    case 'thread-unfit':
    case 'threads-stuck':
      return ['error', incident.error.message]
    case 'thread-tainted':
      return [
        'warn',
        `a task left an error behind that nothing caught (${incident.error.message}); its thread is replaced`,
      ]
    case 'lease-lost':
      return ['warn', `lost the lease of job ${incident.id} (${incident.task}); its outcome was dropped`]
    case 'process-rescued':
      return ['warn', `${incident.reason}; ${incident.jobs} of its jobs were taken over`]
    case 'rescue-failed':
      return ['error', `rescuing the jobs of process ${incident.pid} failed: ${incident.error.message}`]
    case 'beat-failed':
      return ['warn', `showing that this process lives failed: ${incident.error.message}`]
    case 'engine-renewed':
      return ['warn', incident.error.message]
    case 'schedule-broken':
      return ['error', `schedule "${incident.schedule}" cannot fire and was set aside: ${incident.error.message}`]
    case 'pruning-failed':
      return ['warn', `pruning failed: ${incident.error.message}`]
    case 'wal-held':
      return [
        'warn',
        `the write-ahead log of ${incident.path} holds ${Math.round(incident.bytes / 1_048_576)} MB and grows with each write, because somebody keeps a read transaction open on the file — end it: an idle shell, a backup tool, an iterate() that was not finished`,
      ]
    case 'checkpoint-failed':
      return [
        'warn',
        `the write-ahead log cannot be written back for now, which is tried again: ${incident.error.message}`,
      ]
    case 'answer-failed':
      return ['warn', `answering another process failed: ${incident.error.message}`]
    case 'shutdown-asked':
      return ['info', 'asked to shut down']
    case 'outcomes-left':
      return [
        'warn',
        'another connection holds the file, so the stop leaves without the last outcomes: their jobs run again once others on the file, or the next start, find this process gone',
      ]
    case 'files-left':
      return ['warn', `something of this process stays behind: ${incident.error.message}`]
  }
}
