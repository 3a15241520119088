import { Console } from 'node:console'
import { url } from 'node:inspector'
import type { Writable } from 'node:stream'
import { inspect } from 'node:util'
import type { LogLevel } from '../wire/log-lines.ts'
import { runningTask } from './task-context.ts'

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
  if (debugged()) captureFor(console, true)
  else {
    // A thread writes to no terminal. Colours that are asked for all the same are for what is printed, not for what is kept.
    const coloured = process.env.FORCE_COLOR !== undefined
    const streams = { stdout: joined(process.stdout), stderr: joined(process.stderr) }
    const printer = new Console({ ...streams, colorMode: coloured ? 'auto' : false })
    captureFor(printer, coloured)
    indentBy(printer)
  }
}

/**
 * Whether somebody may watch the console in a debugger. Node tells it of each line, and keeps the last thousand with their
 * stacks for when it comes, which costs more than all the rest; a `Console` of one's own does not.
 */
function debugged(): boolean {
  const options = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(' ')]
  return url() !== undefined || options.some((option) => option.startsWith('--inspect'))
}

/**
 * A thread's stream that hands on what has gathered in it as one text: piece by piece, a line costs more on its way through
 * the threads than to keep it.
 */
function joined<S extends Writable>(stream: S): S {
  const handOn = stream._writev?.bind(stream)
  if (!handOn) return stream
  stream._writev = (pieces, done) => {
    const first = pieces[0]
    const alike = pieces.every(({ chunk, encoding }) => typeof chunk === 'string' && encoding === first?.encoding)
    handOn(first && alike ? [{ ...first, chunk: pieces.map(({ chunk }) => chunk).join('') }] : pieces, done)
  }
  return stream
}

/** @param whole whether what is passed on must be what was given, and not the text that is kept of it */
function captureFor(printer: Console, whole: boolean): void {
  for (const [method, level] of Object.entries(LEVELS) as [keyof typeof LEVELS, LogLevel][]) {
    const passOn = printer[method]
    console[method] = (...parts: unknown[]) => {
      const text = keep(level, parts)
      if (whole || text === null) passOn(...parts)
      else passOn(text)
    }
  }
  const passOn = printer.dir
  console.dir = (value?: unknown, options?: Parameters<typeof console.dir>[1]) => {
    if (runningTask()) keep('info', [inspect(value, { customInspect: false, ...options })])
    passOn(value, options)
  }
}

/** The indentation belongs to who prints. */
function indentBy(printer: Console): void {
  console.group = (...label: unknown[]) => {
    if (label.length > 0) console.log(...label)
    printer.group()
  }
  console.groupCollapsed = console.group
  console.groupEnd = printer.groupEnd
}

/** The text that was kept, or null for none. */
function keep(level: LogLevel, parts: unknown[]): string | null {
  try {
    return runningTask()?.write(level, parts) ?? null
  } catch {
    // A value that throws when it is shown fails the console method itself, as it would without the capture.
    return null
  }
}
