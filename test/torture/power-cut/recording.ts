import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Package, REAL_PACKAGE } from '../../crash/children.ts'
import { type FileEvent, readTrace } from './trace.ts'

const CALLS = 'pwrite64,write,fsync,fdatasync,ftruncate,unlink,unlinkat'

export interface RecordingOptions {
  durability: 'full' | 'normal'
  seed: number
  rounds: number
  pkg?: Package
}

/** Runs the workload under strace and gives all that its disk and its caller saw. */
export async function record({ durability, seed, rounds, pkg = REAL_PACKAGE }: RecordingOptions): Promise<FileEvent[]> {
  const folder = mkdtempSync(join(tmpdir(), 'celeriac-power-'))
  try {
    const database = join(folder, 'jobs.db')
    const trace = join(folder, 'trace')
    const workload = join(pkg.root, 'dist/test/torture/power-cut/workload.js')
    const tracing = ['-f', '-y', '-xx', '-s', '1048576', '-e', `trace=${CALLS}`, '-o', trace]
    const child = spawn(
      'strace',
      [...tracing, process.execPath, workload, database, durability, String(seed), String(rounds)],
      { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let errors = ''
    child.stdout.resume()
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
    if (code !== 0) throw new Error(`the workload ended with ${code}: ${errors.slice(-2_000)}`)
    const files = new Set([database, `${database}-wal`, `${database}-journal`])
    return readTrace(readFileSync(trace, 'latin1'), (path) => files.has(path))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
