import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Package } from '../crash/children.ts'

/** Runs a part of a suite on a copy of the library; gives what the suite found. */
export async function violationsOf({ root }: Package, suite: string, share: number, seed: number): Promise<string[]> {
  const main = join(root, 'dist/test/torture/main.js')
  const args = [main, suite, '--json', '--share', String(share), '--seed', String(seed)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  let report: { suites: { violations?: string[]; failed?: string }[] }
  try {
    report = JSON.parse(stdout) as typeof report
  } catch {
    throw new Error(`the suite "${suite}" said nothing: ${stderr.slice(-2_000)}`)
  }
  return report.suites.flatMap(({ violations, failed }) => violations ?? [failed ?? 'nothing'])
}
