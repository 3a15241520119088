import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileEvent, readEvents } from './events.ts'
import { KINDS, watchingLibrary } from './library.ts'

const ERRNO = { kill: 0, EINTR: 4, EIO: 5, ENOSPC: 28 } as const

/** What happens at the n-th call that changes the folder in this way. */
export interface Fault {
  call: 'write' | 'sync' | 'truncate' | 'unlink' | 'link'
  /** From 1. */
  nth: number
  /** The process dies before the call does anything, or the call fails with this error once. */
  how: keyof typeof ERRNO
}

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  /** Lines on stdout. */
  said: string[]
  errors: string
}

/** Longest life of one program, and longest wait for one that lives on beside it, in ms: far more than either needs. */
export const PATIENCE = 60_000

/** Runs a program to its end, undisturbed unless a fault is to hit it in a folder. */
export function run(args: readonly string[], folder: string, fault?: Fault): Promise<Ended> {
  const { call, nth, how } = fault ?? {}
  const faulty = fault && {
    WATCHED_FAULT: `${KINDS.indexOf(call as Fault['call'])} ${nth} ${ERRNO[how as Fault['how']]}`,
  }
  return start(args, folder, faulty && watching(folder, faulty))
}

/**
 * Runs a program to its end and gives all that its folder and its caller saw.
 *
 * @param options.delay how long each change of a file waits for what the program may say, in µs
 * @param options.syncDelay how much longer the disk takes for each sync, in µs
 * @param options.env besides the environment of this process
 * @throws when the program fails
 */
export async function record(
  args: readonly string[],
  folder: string,
  { delay = 0, syncDelay = 0, env = {} }: { delay?: number; syncDelay?: number; env?: Record<string, string> } = {},
): Promise<FileEvent[]> {
  const aside = mkdtempSync(join(tmpdir(), 'celeriac-watched-'))
  try {
    const log = join(aside, 'log')
    const { code, signal, errors } = await start(
      args,
      folder,
      watching(folder, { WATCHED_LOG: log, WATCHED_DELAY: String(delay), WATCHED_SYNC: String(syncDelay), ...env }),
    )
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${signal ?? code}: ${errors.slice(-2_000)}`)
    return readEvents(readFileSync(log))
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

function watching(folder: string, more: Record<string, string>): Record<string, string> {
  const library = watchingLibrary()
  if ('missing' in library) throw new Error(library.missing)
  return { LD_PRELOAD: library.preload, WATCHED_FOLDER: `${folder}/`, ...more }
}

function start(args: readonly string[], folder: string, watched: Record<string, string> = {}): Promise<Ended> {
  const env = { ...process.env, ...watched }
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  // Not by SIGKILL, which is what a fault looks like.
  const timer = setTimeout(() => child.kill('SIGABRT'), PATIENCE)
  return new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      // A line that the death cut short was not said.
      resolve({ code, signal, said: out.split('\n').slice(0, -1), errors })
    })
  })
}
