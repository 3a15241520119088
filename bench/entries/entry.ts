/**
 * Processes that a trial starts besides its own: each file in this folder is one. They speak over Node's IPC channel
 * and end when the trial does, however it ends.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export type EntryName =
  | 'cold-ours'
  | 'cold-raw'
  | 'hostile-reader'
  | 'idle'
  | 'resident'
  | 'victim'
  | 'survivor'
  | 'worker'
  | 'writer-probe'

export function startEntry(name: EntryName, args: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL(`./${name}.js`, import.meta.url)), args, { execArgv: [] })
}

/** The next message of `child`; rejects when it ends without one. */
export function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null) =>
      reject(new Error(`${child.spawnfile} ended (${signal ?? code}) before it answered`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message as T)
    })
  })
}

export const exited = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })

/** In the entry itself: answers the trial. */
export function report(message: object): void {
  process.send?.(message)
}

/** In the entry itself: never outlives the trial. */
export function endWithParent(): void {
  process.once('disconnect', () => process.exit(0))
}

/** In the entry itself: the arguments it was started with. */
export function argument(index: number): string {
  const value = process.argv[2 + index]
  if (value === undefined) throw new Error(`argument ${index} is missing`)
  return value
}
