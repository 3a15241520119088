import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Package, REAL_PACKAGE } from '../../crash/children.ts'

/** The calls by which a process changes what outlives it. */
export const CALLS = ['pwrite64', 'fsync', 'ftruncate', 'unlink'] as const
export type Call = (typeof CALLS)[number]

/** What happens at the n-th call of a name. */
export interface Fault {
  call: Call
  nth: number
  /** The process dies before the call does anything, or the call fails with this error once. */
  how: 'kill' | 'ENOSPC' | 'EIO' | 'EINTR'
}

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  /** Lines on stdout. */
  said: string[]
  errors: string
}

export const program = ({ root }: Package): string => join(root, 'dist/test/torture/last-call/operations.js')

/** Longest life of one program, in ms. */
const PATIENCE = 60_000

function run(command: string, args: readonly string[], folder: string): Promise<Ended> {
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
  return new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      // A line that the death cut short was not said.
      resolve({ code, signal, said: out.split('\n').slice(0, -1), errors })
    })
  })
}

/** Runs an operation on a database, undisturbed. */
export async function perform(operation: string, database: string, folder: string, pkg = REAL_PACKAGE): Promise<void> {
  const { code, signal, errors } = await run(process.execPath, [program(pkg), operation, database], folder)
  if (code !== 0) throw new Error(`${operation} ended with ${signal ?? code}: ${errors.slice(-2_000)}`)
}

/** How many calls of each name come before the operation, and how many until it has ended. */
export async function countCalls(
  operation: string,
  database: string,
  folder: string,
  pkg = REAL_PACKAGE,
): Promise<Record<Call, { from: number; to: number }>> {
  const trace = join(folder, 'trace')
  const names = [...CALLS, 'write'].join(',')
  const args = ['-f', '-qq', '-s', '12', '-e', `trace=${names}`, '-e', 'signal=none', '-o', trace]
  const { code, errors } = await run('strace', [...args, process.execPath, program(pkg), operation, database], folder)
  if (code !== 0) throw new Error(`${operation} ended with ${code} under strace: ${errors.slice(-2_000)}`)
  // strace counts for each thread by itself; what matters happens in the one that calls most.
  const threads = new Map<string, { from: number; to: number }>()
  let began = false
  for (const line of readFileSync(trace, 'latin1').split('\n')) {
    const [, thread, name] = /^(\d+)\s+(\w+)\(/.exec(line) ?? []
    if (name === 'write') {
      if (line.includes('(1, "\\"begin')) began = true
    } else if (name !== undefined) {
      const key = `${name} ${thread}`
      const count = threads.get(key) ?? { from: 0, to: 0 }
      count.to++
      if (!began) count.from++
      threads.set(key, count)
    }
  }
  if (!began) throw new Error(`${operation} never said that it begins`)
  const busiest = (call: Call): { from: number; to: number } =>
    [...threads]
      .filter(([key]) => key.startsWith(`${call} `))
      .map(([, count]) => count)
      .sort((a, b) => b.to - a.to)[0] ?? { from: 0, to: 0 }
  return Object.fromEntries(CALLS.map((call) => [call, busiest(call)])) as Record<Call, { from: number; to: number }>
}

/** Runs an operation with one system call going wrong. `signal` is SIGKILL when the fault was reached and deadly. */
export function performUnder(
  fault: Fault,
  operation: string,
  database: string,
  folder: string,
  pkg = REAL_PACKAGE,
): Promise<Ended> {
  const what = fault.how === 'kill' ? 'signal=KILL' : `error=${fault.how}`
  const inject = `inject=${fault.call}:${what}:when=${fault.nth}`
  const args = ['-f', '-qq', '-e', `trace=${fault.call}`, '-e', inject, '-o', '/dev/null']
  return run('strace', [...args, process.execPath, program(pkg), operation, database], folder)
}
