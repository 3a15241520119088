/**
 * `npm run bench:peers -- [--peers <peer>,…] [--only <case>,…] [--quick] [--repeat <n>] [--size <name>=<n>,…] [--minutes <n>] [--threads <n>] [--json]
 * [--out <folder>] [--resume] [--dir <folder>] [--packages <folder>] [--install]`
 * Installs other queues into a temporary folder and runs the same work on all of them, in turns. Prints a Markdown
 * table, or with `--json` everything that was found; `--out` gets both and the plots. A peer that cannot be had or that
 * fails is a line of the report, not an error of the run: exit code 1 means that our own part failed.
 * In pieces: `--install` ends once all is in `--packages`; `--resume` keeps what the report in `--out` has, which is written after
 * every trial, and measures the rest.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeMachine, machine } from '../machine.ts'
import { type CaseName, FULL, QUICK, sized } from './cases.ts'
import type { Watched } from './guard.ts'
import type { Peer } from './peer.ts'
import { PEERS, peerNamed } from './peers.ts'
import { earlier, type Growing, joined } from './pieces.ts'
import { fileName, overview, plot } from './plot.ts'
import { installPeers, type Prepared, startServices } from './prepare.ts'
import { COLUMNS, type Column, markdown, OVERVIEW, type Report } from './report.ts'
import { clearService, type ServiceState } from './services.ts'
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
    resume: { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
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
const startedAt = performance.now()
const minutes = () => (performance.now() - startedAt) / 60_000
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

const progress = (text: string) => void process.stderr.write(`${text}\n`)
let exitCode = 0
try {
  exitCode = await (values.install ? installOnly() : measureAll())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  exitCode = 2
} finally {
  await finish(guard)
}
process.exit(exitCode)

async function installOnly(): Promise<number> {
  if (values.packages === undefined) throw new Error('--install is for a folder that is kept: it needs --packages')
  const prepared = await installPeers(peers, { root, packages: resolve(values.packages), watch, progress })
  return [...prepared.values()].some(({ installed }) => 'missing' in installed) ? 1 : 0
}

async function measureAll(): Promise<number> {
  const setting = {
    machine: describeMachine(machine(root)),
    quick: values.quick,
    repetitions,
    threads,
    sizes: Object.entries(size)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
  }
  const file = values.out === undefined ? null : join(resolve(values.out), 'peers.json')
  if (values.resume && file === null) throw new Error('--resume goes on with the report in a folder: it needs --out')
  const text = values.resume && file !== null && existsSync(file) ? readFileSync(file, 'utf8') : null
  const before = text === null ? [] : earlier(text, setting)
  const spent = text === null ? 0 : (JSON.parse(text) as Report).minutes
  // Kept for the next run when it is given.
  const place = { root, packages: resolve(values.packages ?? join(root, 'packages')), watch, progress }
  const services = await startServices(peers, place)
  const prepared = await installPeers(peers, place)
  const found = new Map<string, Growing>(before.map((peer) => [peer.name, peer]))
  const ready: Peer[] = []
  for (const peer of peers) {
    const now = described(peer, prepared.get(peer.name) as Prepared, peer.service && services.get(peer.service))
    if (now.missing === undefined) ready.push(peer)
    found.set(peer.name, joined(now, found.get(peer.name)))
  }
  const report = (): Report => ({
    date: new Date().toISOString().slice(0, 10),
    ...setting,
    minutes: Math.round((spent + minutes()) * 10) / 10,
    crashWait: size.crashWait,
    asked: size.drain,
    peers: PEERS.flatMap(({ name }) => found.get(name) ?? []),
  })
  const stopAt = values.minutes === undefined ? Number.POSITIVE_INFINITY : minutes() + whole('minutes', values.minutes)
  for (const name of cases) {
    const times = ONCE.has(name) ? 1 : repetitions
    const waiting: Promise<void>[] = []
    for (let i = 0; i < times; i++) {
      // In turns, every second time in the other order: what else the machine does hits all of them.
      for (const peer of i % 2 === 0 ? ready : ready.toReversed()) {
        const state = found.get(peer.name) as Growing
        if ((state.cases[name]?.length ?? 0) > i || minutes() > stopAt) continue
        progress(`${minutes().toFixed(1)} min ${name} ${i + 1}/${times}: ${peer.name}`)
        const service = (peer.service && services.get(peer.service)) ?? null
        const node = prepared.get(peer.name)?.node?.path ?? process.execPath
        await new Promise<void>((next) =>
          waiting.push(
            measure(peer, name, { service, node, packages: place.packages, next })
              .then((outcome) => (state.cases[name] = [...(state.cases[name] ?? []), outcome]))
              .then(() => save(report()))
              .then(next),
          ),
        )
      }
    }
    await Promise.all(waiting)
  }
  const all = report()
  save(all)
  console.log(values.json ? JSON.stringify(all, null, 2) : markdown(all))
  const ours = Object.values(found.get('celeriac')?.cases ?? {})
  return ours.some((outcomes) => outcomes.some((outcome) => 'failed' in outcome)) ? 1 : 0
}

/** One trial; calls `next` when another may begin. */
async function measure(
  peer: Peer,
  name: CaseName,
  at: { service: ServiceState | null; node: string; packages: string; next: () => void },
): Promise<Outcome> {
  const service = at.service && 'url' in at.service ? at.service : null
  const outcome = await runTrial(peer, name, {
    root,
    packages: join(at.packages, peer.name),
    url: service?.url ?? null,
    service: service?.child.pid ?? null,
    node: at.node,
    size,
    threads,
    timeLimit: values.quick ? 60 : 900,
    // Peers whose crashes are waited for side by side share a server.
    clear: async (namespace) => {
      if (service && peer.service && name !== 'crash') await clearService(peer.service, service.url, namespace)
    },
    waits: at.next,
    watch,
  })
  if ('failed' in outcome) progress(`  ${peer.name}, ${name}, failed: ${outcome.failed}`)
  return outcome
}

function described(peer: Peer, { installed }: Prepared, service: ServiceState | null | undefined): Growing {
  const { name, settings, durability, runsIn, roundTripBy } = peer
  const about = { name, settings, durability, runsIn, roundTripBy, cases: {} }
  if (service && 'missing' in service) return { ...about, versions: [], missing: service.missing }
  if ('missing' in installed) return { ...about, versions: [], missing: installed.missing }
  return { ...about, versions: [...installed.versions, ...(service ? [service.version] : [])] }
}

/** After every trial: what ends the run early costs the trial that it interrupts. */
function save(report: Report): void {
  if (values.out === undefined) return
  const out = resolve(values.out)
  const has = ({ case: name }: Column) => report.peers.some((peer) => peer.cases[name] !== undefined)
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'peers.md'), `${markdown(report)}\n`)
  writeFileSync(join(out, 'peers.svg'), overview(report, OVERVIEW.filter(has)))
  for (const column of COLUMNS.filter(has)) writeFileSync(join(out, fileName(column)), plot(report, column))
  writeFileSync(join(out, 'peers.json'), `${JSON.stringify(report, null, 2)}\n`)
}

/** The guard ends the services and removes the folder, as it would had this process been killed. */
async function finish(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  if (child.connected) child.disconnect()
  await gone
}
