import type { Sample } from '../case.ts'
import { median } from '../numbers.ts'
import type { CaseName } from './cases.ts'
import type { Outcome } from './trials.ts'

/** Everything that a run found, as `--json` prints it. */
export interface Report {
  readonly date: string
  readonly machine: string
  readonly quick: boolean
  readonly repetitions: number
  readonly threads: number
  /** What it took, installing included; of all runs that it came of. */
  readonly minutes: number
  readonly crashWait: number
  /** As `--size` takes them. */
  readonly sizes: string
  /** Jobs of a drain. */
  readonly asked: number
  readonly peers: readonly PeerReport[]
}

export interface PeerReport {
  readonly name: string
  readonly versions: readonly string[]
  readonly settings: string
  readonly durability: string
  readonly runsIn: string
  readonly roundTripBy: string
  /** Why nothing was measured. */
  readonly missing?: string
  readonly cases: Readonly<Partial<Record<CaseName, readonly Outcome[]>>>
}

export interface Column {
  readonly case: CaseName
  readonly metric: string
  readonly title: string
  readonly unit: '/s' | 'ms' | 's' | '%' | 'MB' | ''
  /** What is better, for the plots. */
  readonly better: 'more' | 'less'
  /** What is said where it was not seen to happen. */
  readonly never?: string
  /** Which of the tables. */
  readonly table: 'speed' | 'burden'
}

const TOO_SLOW = 'not in time'

export const COLUMNS: readonly Column[] = (
  [
    ['speed', 'enqueue', 'perSecond', 'enqueue, one by one', '/s', 'more'],
    ['speed', 'bulk', 'perSecond', 'enqueue, in bulk', '/s', 'more'],
    ['speed', 'drain', 'perSecond', 'drain', '/s', 'more'],
    ['speed', 'round-trip', 'p50', 'round trip p50', 'ms', 'less'],
    ['speed', 'round-trip', 'p99', 'round trip p99', 'ms', 'less'],
    ['speed', 'cpu', 'seconds', 'fib(27)', 's', 'less'],
    ['speed', 'cpu', 'loopP99', 'event-loop wait p99 meanwhile', 'ms', 'less'],
    ['burden', 'backlog', 'queued', 'backlog', '', 'more'],
    ['burden', 'backlog', 'perSecond', 'drain of the backlog', '/s', 'more', 'too few were left'],
    ['burden', 'backlog', 'p50', 'round trip p50 after it', 'ms', 'less', TOO_SLOW],
    ['burden', 'idle', 'percent', 'idle CPU', '%', 'less'],
    ['burden', 'idle', 'megabytes', 'memory', 'MB', 'less'],
    ['burden', 'crash', 'seconds', 'runs again after kill -9', 's', 'less'],
    ['burden', 'crash', 'missing', 'acknowledged, not run', '', 'less'],
    ['burden', 'crash', 'twice', 'ran twice', '', 'less'],
  ] as const
).map(([table, name, metric, title, unit, better, never]) => ({
  table,
  case: name,
  metric,
  title,
  unit,
  better,
  ...(never === undefined ? {} : { never }),
}))

/** What the card for the README shows. */
export const OVERVIEW: readonly Column[] = COLUMNS.filter(({ case: name, metric }) =>
  metric === 'perSecond'
    ? name !== 'bulk'
    : ['p50', 'seconds', 'loopP99', 'percent'].includes(metric) && name !== 'backlog',
)

export type Cell =
  | { readonly value: number; readonly least: number; readonly most: number }
  | { readonly none: 'not supported' | 'not run' | 'failed' | 'never' }

/** The median of the repetitions that measured it, or why there is none. One failure makes the whole case a failure. */
export function cell(peer: PeerReport, { case: name, metric }: Column): Cell {
  const outcomes = peer.cases[name] ?? []
  if (outcomes.length === 0) return { none: 'not run' }
  if (outcomes.some((outcome) => 'failed' in outcome)) return { none: 'failed' }
  const samples = outcomes.map((outcome) => (outcome as { sample: Sample | null }).sample)
  if (samples.some((sample) => sample === null)) return { none: 'not supported' }
  const values = samples.map((sample) => sample?.[metric])
  // What did not happen within the wait is sent as NaN, which JSON turns into null.
  if (!values.every((value): value is number => Number.isFinite(value))) return { none: 'never' }
  return { value: median(values), least: Math.min(...values), most: Math.max(...values) }
}

export function show(found: Cell, { unit, never }: Column, crashWait: number): string {
  if ('none' in found) {
    if (found.none === 'never') return never ?? `not within ${crashWait} s`
    return found.none === 'not supported' ? '–' : found.none
  }
  return `${number(found.value)}${unit === '' || unit === '/s' ? unit : ` ${unit}`}`
}

export const number = (value: number): string =>
  Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en')
    : Number.isInteger(value)
      ? String(value)
      : value.toFixed(Math.abs(value) >= 10 ? 1 : 2)

const inCell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\s+/g, ' ')

/** The whole report: figures, how each peer was set, and what could not be measured. */
export function markdown(report: Report): string {
  const { peers, crashWait } = report
  const measured = peers.filter((peer) => peer.missing === undefined)
  const rowsOf = (name: Column['table']) => {
    const columns = COLUMNS.filter(
      (column) => column.table === name && measured.some((peer) => peer.cases[column.case] !== undefined),
    )
    if (columns.length === 0) return []
    return [
      ['peer', ...columns.map(({ title }) => title)],
      ['---', ...columns.map(() => '---:')],
      ...measured.map((peer) => [peer.name, ...columns.map((column) => show(cell(peer, column), column, crashWait))]),
    ]
  }
  const settings = [
    ['peer', 'versions', 'jobs run in', 'durability', 'settings', 'round trip until'],
    ['---', '---', '---', '---', '---', '---'],
    ...measured.map((peer) => [
      peer.name,
      peer.versions.join(', '),
      peer.runsIn,
      peer.durability,
      peer.settings,
      peer.roundTripBy,
    ]),
  ]
  const table = (lines: readonly (readonly string[])[]) =>
    lines.map((row) => `| ${row.map(inCell).join(' | ')} |`).join('\n')
  const troubles = peers.flatMap(troublesOf)
  const fewer = measured.flatMap((peer) => fewerOf(peer, report))
  return [
    `${report.machine.split('\n').join('; ')}; ${report.date}.`,
    `Median of ${report.repetitions} (drain, fib, backlog, idle and crash: one run), ${report.threads} threads where a peer has threads.${report.quick ? ' Quick sizes: a smoke test, not a measurement.' : ''}`,
    `Sizes: ${report.sizes}. Took ${number(report.minutes)} minutes.`,
    ...(['speed', 'burden'] as const).map(rowsOf).flatMap((rows) => (rows.length === 0 ? [] : ['', table(rows)])),
    '',
    table(settings),
    ...(fewer.length === 0
      ? []
      : ['', 'Fewer jobs than asked for, as many as were stored in the time for it:', '', ...fewer]),
    ...(troubles.length === 0 ? [] : ['', 'Not measured:', '', ...troubles]),
  ].join('\n')
}

/** Where a peer was too slow to store all that the others ran. */
function fewerOf(peer: PeerReport, { asked }: Report): string[] {
  const jobs = (peer.cases.drain ?? []).flatMap((outcome) =>
    'sample' in outcome && outcome.sample?.jobs !== undefined ? [outcome.sample.jobs] : [],
  )
  const least = Math.min(...jobs)
  return least < asked ? [`- ${peer.name}, drain: ${number(least)} of ${number(asked)}`] : []
}

function troublesOf(peer: PeerReport): string[] {
  if (peer.missing !== undefined) return [`- ${peer.name}: ${inCell(peer.missing)}`]
  return Object.entries(peer.cases).flatMap(([name, outcomes]) => {
    const failed = outcomes.find((outcome) => 'failed' in outcome)
    return failed && 'failed' in failed ? [`- ${peer.name}, ${name}: ${inCell(failed.failed)}`] : []
  })
}
