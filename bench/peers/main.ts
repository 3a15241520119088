/**
 * `npm run bench:peers -- [--peers <peer>,…] [--only <case>,…] [--quick] [--repeat <n>] [--size <name>=<n>,…] [--minutes <n>] [--threads <n>] [--json]
 * [--out <folder>] [--dir <folder>] [--packages <folder>]`
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
import { type CaseName, FULL, QUICK, sized } from './cases.ts'
import type { Watched } from './guard.ts'
import { install, installNode, npmWatched } from './install.ts'
import type { Peer, Service } from './peer.ts'
import { PEERS, peerNamed } from './peers.ts'
import { fileName, overview, plot } from './plot.ts'
import { COLUMNS, markdown, OVERVIEW, type PeerReport, type Report } from './report.ts'
import { clearService, type ServiceState, startService } from './services.ts'
import { type Outcome, runTrial } from './trials.ts'

/** What takes longest last: `--minutes` cuts there. */
const ALL_CASES: readonly CaseName[] = ['enqueue', 'bulk', 'drain', 'round-trip', 'cpu', 'idle', 'crash', 'backlog']
/** What takes minutes, or varies little, is measured once. */
const ONCE: ReadonlySet<CaseName> = new Set(['drain', 'cpu', 'backlog', 'idle', 'crash'])
const { values } = parseArgs({
  options: {
    peers: { type: 'string', multiple: true },
    only: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    repeat: { type: 'string' },
    size: { type: 'string' },
    minutes: { type: 'string' },
    packages: { type: 'string' },
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
const cases = (words(values.only) ?? ALL_CASES).map((name) => {
  if (!ALL_CASES.includes(name as CaseName)) throw new Error(`no case '${name}'; there are ${ALL_CASES.join(', ')}`)
  return name as CaseName
})
const peers = words(values.peers)?.map(peerNamed) ?? PEERS
const repetitions = whole('repeat', values.repeat ?? (values.quick ? '1' : '3'))
const threads = whole('threads', values.threads)
const size = sized(values.quick ? QUICK : FULL, values.size ?? '')

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
const found = new Map<string, Writable>()
/** Of the peers that do not run on this Node. */
const nodes = new Map<string, string>()
const startedAt = performance.now()
const elapsed = () => `${((performance.now() - startedAt) / 60_000).toFixed(1)} min`
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

const progress = (text: string) => void process.stderr.write(`${text}\n`)
let exitCode = 0
try {
  // Kept for the next run when it is given.
  const packages = resolve(values.packages ?? join(root, 'packages'))
  mkdirSync(packages, { recursive: true })
  const facts = machine(root)
  for (const peer of peers) {
    progress(`${peer.name}: installing`)
    found.set(peer.name, await prepare(peer, packages))
  }
  const stopAt =
    values.minutes === undefined
      ? Number.POSITIVE_INFINITY
      : performance.now() + whole('minutes', values.minutes) * 60_000
  const ready = peers.filter((peer) => found.get(peer.name)?.missing === undefined)
  for (const name of cases) {
    const times = ONCE.has(name) ? 1 : repetitions
    const waiting: Promise<void>[] = []
    for (let i = 0; i < times; i++) {
      // In turns, every second time in the other order: what else the machine does hits all of them.
      for (const peer of i % 2 === 0 ? ready : ready.toReversed()) {
        if (performance.now() > stopAt) break
        progress(`${elapsed()} ${name} ${i + 1}/${times}: ${peer.name}`)
        await new Promise<void>((next) => waiting.push(measure(peer, name, packages, next).then(next)))
      }
    }
    await Promise.all(waiting)
  }
  const report: Report = {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(facts),
    quick: values.quick,
    repetitions,
    threads,
    crashWait: size.crashWait,
    asked: size.drain,
    sizes: Object.entries(size)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
    peers: [...found.values()],
  }
  write(report)
  const ours = found.get('celeriac')
  if (Object.values(ours?.cases ?? {}).some((outcomes) => outcomes.some((outcome) => 'failed' in outcome))) exitCode = 1
} finally {
  await finish(guard)
}
process.exit(exitCode)

/** Keeps what came of one trial; calls `next` when another may begin. */
async function measure(peer: Peer, name: CaseName, packages: string, next: () => void): Promise<void> {
  const state = peer.service === null ? null : (services.get(peer.service) ?? null)
  const service = state && 'url' in state ? state : null
  const outcome = await runTrial(peer, name, {
    root,
    packages: join(packages, peer.name),
    url: service?.url ?? null,
    service: service?.child.pid ?? null,
    node: nodes.get(peer.name) ?? process.execPath,
    size,
    threads,
    timeLimit: values.quick ? 60 : 600,
    // Peers whose crashes are waited for side by side share a server.
    clear: async (namespace) => {
      if (service && peer.service && name !== 'crash') await clearService(peer.service, service.url, namespace)
    },
    waits: next,
    watch,
  })
  const report = found.get(peer.name) as Writable
  report.cases[name] = [...(report.cases[name] ?? []), outcome]
  if ('failed' in outcome) progress(`  ${peer.name}, ${name}, failed: ${outcome.failed}`)
}

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
  const npm = npmWatched(watch)
  const node = peer.node === undefined ? null : await installNode(join(packages, `node${peer.node}`), peer.node, npm)
  if (node && 'missing' in node) return { ...report, versions: [], missing: node.missing }
  const { overrides = {} } = peer
  const installed = await install(join(packages, peer.name), peer.packages, npm, { node, overrides })
  if ('missing' in installed) return { ...report, versions: [], missing: installed.missing }
  if (node) nodes.set(name, node.path)
  const service = peer.service && services.get(peer.service)
  const versions = [
    ...installed.versions,
    ...system.versions,
    ...(node ? [node.version] : []),
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
  writeFileSync(
    join(out, 'peers.svg'),
    overview(
      report,
      OVERVIEW.filter((column) => cases.includes(column.case)),
    ),
  )
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
