import type { Duration } from './domain/duration.ts'
import { booleanOr, durationOr, nameOf, optionsOf, refuse } from './options/check.ts'
import type { ResultSource } from './result.ts'
import { fromWireError } from './wire/error-codec.ts'
import type { CommandArgs, CommandTarget, Verb, WorkerAnswer } from './wire/messages.ts'

/** Which processes are asked. Without any of it: this one. */
export interface WorkersAsked {
  /** Every live process on the file. */
  all?: boolean
  /** The processes with these keys; see `inspect.workers()`. */
  worker?: string | readonly string[]
  /** How long to wait for answers. Default 2 s, at most a minute. */
  timeout?: Duration
}

/** What one process answered. */
export interface WorkerReply<T> {
  /** The process's key. */
  worker: string
  pid: number
  host: string
  /** Null when there is an error. */
  value: T | null
  /** Why there is no value: `NoAnswer` when the process was silent. */
  error: Error | null
}

export const ASKED = ['all', 'worker', 'timeout'] as const

const PATIENCE = 2_000
/** Commands are not obeyed after this time, in ms. */
const MOST = 60_000

/**
 * @param usual who is asked when the options do not say
 * @throws InvalidOption
 */
export function askedOf(
  options: WorkersAsked,
  where: string,
  usual: 'own' | 'all' = 'own',
): { to: CommandTarget; timeout: number } {
  const { all, worker, timeout } = options
  const everyone = booleanOr(all, `${where}: all`, undefined)
  if (worker !== undefined && everyone !== undefined) refuse(`${where}: worker`, worker, 'either all or worker')
  const keys = worker === undefined ? null : [...new Set([worker].flat().map((key) => nameOf(key, `${where}: worker`)))]
  const patience = durationOr(timeout, `${where}: timeout`, PATIENCE)
  if (patience > MOST) refuse(`${where}: timeout`, timeout, 'a duration of at most a minute')
  return {
    to: keys ?? (everyone === undefined ? usual : everyone ? 'all' : 'own'),
    timeout: patience,
  }
}

/** Asks processes one thing, and hands out what each says, read by `read`. */
export async function askWorkers<W, T>(
  source: ResultSource,
  command: { verb: Verb; args?: CommandArgs; to: CommandTarget; timeout: number },
  read: (value: W) => T,
): Promise<WorkerReply<T>[]> {
  const answers = await source.requests().ask<WorkerAnswer[]>({ about: 'command', args: {}, ...command })
  return answers.map(({ worker, pid, host, value, error }) => ({
    worker,
    pid,
    host,
    value: error ? null : read(value as W),
    error: error && fromWireError(error),
  }))
}

/** The options of an inspection that may ask other processes. */
export function inspected(options: WorkersAsked | undefined, where: string): ReturnType<typeof askedOf> | null {
  if (options === undefined) return null
  return askedOf(optionsOf(options, where, ASKED) as WorkersAsked, where)
}
