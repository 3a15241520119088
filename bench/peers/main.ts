/**
 * `npm run bench:peers -- [--only <peer>]… [--case <case>]… [--quick] [--repetitions <n>] [--threads <n>] [--json] [--out <folder>] [--dir <folder>]`
 * Installs other queues into a temporary folder and runs the same work on all of them, in turns. Prints a Markdown
 * table, or with `--json` everything that was found; `--out` gets both and the plots. A peer that cannot be had or that
 * fails is a line of the report, not an error of the run: exit code 1 means that our own part failed.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeMachine, machine } from '../machine.ts'
import { type CaseName, FULL, QUICK, RUNS } from './cases.ts'
import type { Watched } from './guard.ts'
import { install, npmWatched } from './install.ts'
import type { Peer, Service } from './peer.ts'
import { PEERS, peerNamed } from './peers.ts'
import { fileName, plot } from './plot.ts'
import { COLUMNS, markdown, type PeerReport, type Report } from './report.ts'
import { type ServiceState, startService } from './services.ts'
import { type Outcome, runTrial } from './trials.ts'

const ALL_CASES = [...Object.keys(RUNS), 'crash'] as CaseName[]
const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    case: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    repetitions: { type: 'string' },
    threads: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
    out: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
  },
})
const whole = (name: string, text: string): number => {
  const value = Number(text)
  if (!(Number.isInteger(value) && value > 0)) throw new Error(`--${name} is '${text}', not a whole number above 0`)
  return value
}
const words = (list: readonly string[] | undefined) => list?.flatMap((names) => names.split(','))
const cases = (words(values.case) ?? ALL_CASES).map((name) => {
  if (!ALL_CASES.includes(name as CaseName)) throw new Error(`no case '${name}'; there are ${ALL_CASES.join(', ')}`)
  return name as CaseName
})
const peers = words(values.only)?.map(peerNamed) ?? PEERS
const repetitions = whole('repetitions', values.repetitions ?? (values.quick ? '1' : '3'))
const threads = whole('threads', values.threads)
const size = values.quick ? QUICK : FULL

const root = mkdtempSync(join(values.dir, 'celeriac-peers-'))
chmodSync(root, 0o711)
const guard = fork(fileURLToPath(new URL('./guard.js', import.meta.url)), [root], {
  detached: true,
  execArgv: [],
  stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
})
function watch(pid: number, alive: boolean): void {
  const message: Watched = { pid, alive }
  if (guard.connected) guard.send(message)
}
const services = new Map<Service, ServiceState>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

const progress = (text: string) => void process.stderr.write(`${text}\n`)
let exitCode = 0
try {
  const packages = join(root, 'packages')
  mkdirSync(packages)
  const found = machine(root)
  const reports = new Map<string, Writable>()
  for (const peer of peers) {
    progress(`${peer.name}: installing`)
    reports.set(peer.name, await prepare(peer, packages))
  }
  const ready = peers.filter((peer) => reports.get(peer.name)?.missing === undefined)
  for (const name of cases) {
    for (let i = 0; i < repetitions; i++) {
      // In turns, every second time in the other order: what else the machine does hits all of them.
      for (const peer of i % 2 === 0 ? ready : ready.toReversed()) {
        progress(`${name} ${i + 1}/${repetitions}: ${peer.name}`)
        const service = peer.service === null ? null : services.get(peer.service)
        const url = service && 'url' in service ? service.url : null
        const timeLimit = values.quick ? 60 : 600
        const outcome = await runTrial(peer, name, { root, packages, url, size, threads, timeLimit, watch })
        const report = reports.get(peer.name) as Writable
        report.cases[name] = [...(report.cases[name] ?? []), outcome]
        if ('failed' in outcome) progress(`  failed: ${outcome.failed}`)
      }
    }
  }
  const report: Report = {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(found),
    quick: values.quick,
    repetitions,
    threads,
    crashWait: size.crashWait,
    peers: [...reports.values()],
  }
  write(report)
  const ours = reports.get('celeriac')
  if (Object.values(ours?.cases ?? {}).some((outcomes) => outcomes.some((outcome) => 'failed' in outcome))) exitCode = 1
} finally {
  await finish(guard)
}
process.exit(exitCode)

type Writable = Omit<PeerReport, 'cases'> & { cases: Partial<Record<CaseName, Outcome[]>> }

/** Installs a peer and starts what it needs. What is missing is part of the answer. */
async function prepare(peer: Peer, packages: string): Promise<Writable> {
  const { name, settings, durability, runsIn, roundTripBy } = peer
  const report = { name, settings, durability, runsIn, roundTripBy, cases: {} }
  if (peer.service) {
    const state = services.get(peer.service) ?? (await startService(peer.service, join(root, peer.service)))
    services.set(peer.service, state)
    if ('missing' in state) return { ...report, versions: [], missing: state.missing }
    if (state.child.pid !== undefined) watch(state.child.pid, true)
  }
  const system = peer.system?.() ?? { versions: [] }
  if ('missing' in system) return { ...report, versions: [], missing: system.missing }
  const installed = await install(packages, peer.packages, npmWatched(watch))
  if ('missing' in installed) return { ...report, versions: [], missing: installed.missing }
  const service = peer.service && services.get(peer.service)
  const versions = [
    ...installed.versions,
    ...system.versions,
    ...(service && 'version' in service ? [service.version] : []),
  ]
  return { ...report, versions }
}

function write(report: Report): void {
  const json = JSON.stringify(report, null, 2)
  const text = markdown(report)
  console.log(values.json ? json : text)
  if (values.out === undefined) return
  const out = resolve(values.out)
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'peers.md'), `${text}\n`)
  writeFileSync(join(out, 'peers.json'), `${json}\n`)
  for (const column of COLUMNS) {
    if (cases.includes(column.case)) writeFileSync(join(out, fileName(column)), plot(report, column))
  }
}

/** The guard ends the services and removes the folder, as it would had this process been killed. */
async function finish(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  if (child.connected) child.disconnect()
  await gone
}
