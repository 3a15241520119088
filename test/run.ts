/**
 * Runs every compiled test file, or those whose path contains one of the arguments: `npm test -- shop queue`.
 * The files are listed here because `node --test` knows no glob on Node 20.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { countingIn, killsCounted } from './crash/kill-count.ts'

/** Those that take longest begin first, the longest in front: none of them is left alone at the end with an idle core. */
const LONGEST = [
  'torture/kill-storm',
  'torture/shutdown',
  'browser/dashboard',
  'api/stop',
  'examples/shop',
  'torture/poison',
  'crash/task-transaction',
  'torture/planted',
  'torture/resources',
  'torture/security',
  'torture/soak',
  'cli/frame',
  'cli/control',
  'torture/power-cut',
  'crash/hops',
  'api/rate-limits',
  'cli/steering',
  'api/file-care',
  'crash/stopping',
  'torture/last-call',
  'crash/firing',
  'torture/upgrade',
  'torture/recovery',
  'torture/damaged-files',
  'torture/model',
  'torture/contention',
  'bench/gate',
  'readme',
  'processes/commands',
  'api/schedule-changes',
  'api/concurrency-keys',
]
const place = (file: string): number => {
  const found = LONGEST.findIndex((name) => file.endsWith(`${name}.test.js`))
  return found === -1 ? LONGEST.length : found
}

/** One file more than there are cores: each starts pools of its own, but waits for much too. Yet more are late for each other. */
const lanes = Math.min(6, availableParallelism() + 1)

const here = dirname(fileURLToPath(import.meta.url))
const wanted = process.argv.slice(2)
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js'))
  .map((file) => relative(process.cwd(), join(here, file)))
  .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
  .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))

if (files.length === 0) {
  console.error(wanted.length === 0 ? `no test file under ${here}` : `no test file matches ${wanted.join(', ')}`)
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), 'celeriac-run-'))
const kills = join(folder, 'kills')
writeFileSync(kills, '')

const runner = spawn(
  process.execPath,
  [
    '--test',
    `--test-concurrency=${lanes}`,
    // A file that hangs is reported by name instead of stalling the whole run.
    '--test-timeout=300000',
    '--test-reporter=spec',
    ...files,
  ],
  { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...countingIn(kills) } },
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal))
runner.on('error', (error) => {
  console.error(error)
  process.exitCode = 1
})
runner.on('exit', (code) => {
  const killed = killsCounted(kills)
  if (killed > 0) console.log(`ℹ ${killed} processes were killed by SIGKILL and their files judged`)
  rmSync(folder, { recursive: true, force: true })
  process.exitCode = code ?? 1
})
