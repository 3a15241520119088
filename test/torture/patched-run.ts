import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type Patch, patchedPackage } from '../crash/patched-package.ts'

/** Runs a part of a suite on a copy of the library with a bug in it; gives what the suite found. */
export function violationsOf(suite: string, patches: readonly Patch[], share: number, seed = 1): string[] {
  const { root } = patchedPackage(patches)
  const main = join(root, 'dist/test/torture/main.js')
  const args = [main, suite, '--json', '--share', String(share), '--seed', String(seed)]
  const { stdout, stderr, error } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (error) throw error
  let report: { suites: { violations?: string[]; failed?: string }[] }
  try {
    report = JSON.parse(stdout) as typeof report
  } catch {
    throw new Error(`the suite "${suite}" said nothing: ${stderr.slice(-2_000)}`)
  }
  return report.suites.flatMap(({ violations, failed }) => violations ?? [failed ?? 'nothing'])
}
