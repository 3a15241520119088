/** Hostile values are read in a process of their own, which must live on. */
import { fork } from 'node:child_process'
import { join } from 'node:path'

/** Longest life of a process, in ms, beside what its values may take. */
const PATIENCE = 300_000

export interface Readings {
  violations: string[]
  /** Values read. */
  read: number
}

export async function readHostile(
  what: 'decode' | 'rows',
  seed: number,
  count: number,
  database: string,
): Promise<Readings> {
  const readings: Readings = { violations: [], read: 0 }
  const args = [what, String(seed), String(count), database]
  const child = fork(join(import.meta.dirname, 'reader.js'), args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2_000)
  })
  child.on('message', (message: { found?: string; at?: number }) => {
    if (message.found !== undefined) readings.violations.push(`${what}, seed ${seed}: ${message.found}`)
    if (message.at !== undefined) readings.read = message.at
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (code, signal) => resolve([code, signal])),
  )
  clearTimeout(timer)
  if (code !== 0)
    readings.violations.push(
      `${what}, seed ${seed}: ended with ${signal ?? code} after value ${readings.read}: ${errors}`,
    )
  return readings
}
