import { inspect } from 'node:util'
import { type LogLevel, runningTask } from './task-context.ts'

/** The rest of the console writes through these: `table`, `trace`, `count`, `group` and their kin. */
const LEVELS = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const satisfies Record<
  string,
  LogLevel
>

/**
 * Keeps what tasks write to the console of this thread with their jobs, and passes it on unchanged. To be called before
 * the task modules are imported, so that a console method that they replace still ends here.
 */
export function captureConsole(): void {
  for (const [method, level] of Object.entries(LEVELS) as [keyof typeof LEVELS, LogLevel][]) {
    const passOn = console[method]
    console[method] = (...parts: unknown[]) => {
      keep(level, parts)
      passOn(...parts)
    }
  }
  const passOn = console.dir
  console.dir = (value?: unknown, options?: Parameters<typeof console.dir>[1]) => {
    if (runningTask()) keep('info', [inspect(value, { customInspect: false, ...options })])
    passOn(value, options)
  }
}

function keep(level: LogLevel, parts: unknown[]): void {
  try {
    runningTask()?.write(level, parts)
  } catch {
    // A value that throws when it is shown fails the console method itself, as it would without the capture.
  }
}
