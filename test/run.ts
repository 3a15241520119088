/**
 * Runs every compiled test file, or those whose path contains one of the arguments: `npm test -- shop queue`.
 * The files are listed here because `node --test` knows no glob on Node 20.
 */
import { setMaxListeners } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { TestFile } from './batch.ts'
import { countingIn, killsCounted } from './crash/kill-count.ts'

/**
 * Those that take longer than a batch begin first, the longest in front: none of them is left alone at the end with an idle
 * core. What works and what mostly waits take turns.
 */
const LONGEST = [
  'torture/kill-storm',
  'torture/last-call',
  'browser/dashboard',
  'torture/planted',
  'torture/shutdown',
  'torture/poison',
  'processes/commands',
  'torture/power-cut',
  'torture/soak',
  'crash/hops',
  'api/rate-limits',
  'crash/task-transaction',
  'api/stop',
  'torture/recovery',
  'cli/control',
  'torture/model',
  'torture/security',
  'torture/resources',
  'torture/upgrade',
]
const place = (file: string): number => {
  const found = LONGEST.findIndex((name) => file.endsWith(`${name}.test.js`))
  return found === -1 ? LONGEST.length : found
}

/** One process more than there are cores: each starts pools of its own, but waits for much too. Yet more are late for each other. */
const lanes = Math.min(6, availableParallelism() + 1)
/** Of the files that take little: more in one process save starts, fewer leave no core idle at the end. */
const BATCH = 8
/** For one file, in milliseconds: one that hangs is reported by name instead of stalling the whole run. */
const TIMEOUT = 300_000
/** What a file says that changes its whole process, or depends on what nobody else has changed in it; those that kill stay alone too. */
const ALONE = 'Alone in its process:'

const here = dirname(fileURLToPath(import.meta.url))
const wanted = process.argv.slice(2)
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => wanted.length === 0 || wanted.some((word) => `dist/test/${file}`.includes(word)))
  .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
  .map((name): TestFile => ({ name, path: join(here, name) }))

if (files.length === 0) {
  console.error(wanted.length === 0 ? `no test file under ${here}` : `no test file matches ${wanted.join(', ')}`)
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), 'celeriac-run-'))
const kills = join(folder, 'kills')
writeFileSync(kills, '')

const isLong = ({ name }: TestFile): boolean => place(name) < LONGEST.length
const short = files.filter((file) => !isLong(file))
const isAlone = ({ name, path }: TestFile): boolean =>
  /^(crash|torture)/.test(name) || readFileSync(path, 'utf8').includes(ALONE)
const small = short.filter((file) => !isAlone(file))
const batches = dealt(small, Math.ceil(small.length / BATCH))
const programs = batches.map((batch, i) => {
  const program = join(folder, `batch-${i + 1}.test.mjs`)
  const source = `import { runBatch } from ${JSON.stringify(pathToFileURL(join(here, 'batch.js')).href)}
runBatch(${JSON.stringify(batch)}, ${JSON.stringify(join(folder, `begun-${i + 1}`))}, ${TIMEOUT})
`
  writeFileSync(program, source)
  return program
})
const paths = (some: readonly TestFile[]): string[] => some.map(({ path }) => path)

// Where it names a file, Node 20 parses all certificates at every start, which doubles its cost: no test speaks TLS.
delete process.env.NODE_EXTRA_CA_CERTS
Object.assign(process.env, countingIn(kills))

const ending = new AbortController()
setMaxListeners(0, ending.signal)
// Not by `node --test`, which would sort the files by name and leave the longest for the end.
const results = run({
  files: [...paths(files.filter(isLong)), ...programs, ...paths(short.filter(isAlone))],
  concurrency: lanes,
  timeout: TIMEOUT * 2,
  signal: ending.signal,
})
// Red until it has come to its end.
process.exitCode = 1
let failed = false
results.on('test:fail', ({ todo }) => {
  failed ||= todo === undefined || todo === false
})
results.on('end', () => {
  process.exitCode = failed ? 1 : 0
})
results.compose(new spec()).pipe(process.stdout)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
process.on('exit', () => {
  for (const begun of readdirSync(folder).filter((name) => name.startsWith('begun-')))
    console.log(`✖ ${readFileSync(join(folder, begun), 'utf8')} had begun when its process ended`)
  const killed = killsCounted(kills)
  if (killed > 0) console.log(`ℹ ${killed} processes were killed by SIGKILL and their files judged`)
  rmSync(folder, { recursive: true, force: true })
})

/** Neighbours test much the same and take about as long: they are dealt round. */
function dealt<T>(all: readonly T[], hands: number): T[][] {
  return Array.from({ length: hands }, (_, hand) => all.filter((_, i) => i % hands === hand))
}
