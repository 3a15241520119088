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
  readonly crashWait: number
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
  readonly unit: '/s' | 'ms' | 's' | ''
  /** What is better, for the plots. */
  readonly better: 'more' | 'less'
}

export const COLUMNS: readonly Column[] = [
  { case: 'enqueue', metric: 'perSecond', title: 'enqueue, one by one', unit: '/s', better: 'more' },
  { case: 'bulk', metric: 'perSecond', title: 'enqueue, in bulk', unit: '/s', better: 'more' },
  { case: 'drain', metric: 'perSecond', title: 'drain', unit: '/s', better: 'more' },
  { case: 'round-trip', metric: 'p50', title: 'round trip p50', unit: 'ms', better: 'less' },
  { case: 'round-trip', metric: 'p99', title: 'round trip p99', unit: 'ms', better: 'less' },
  { case: 'cpu', metric: 'seconds', title: 'fib(27)', unit: 's', better: 'less' },
  { case: 'cpu', metric: 'loopP99', title: 'event-loop wait p99 meanwhile', unit: 'ms', better: 'less' },
  { case: 'crash', metric: 'seconds', title: 'runs again after kill -9', unit: 's', better: 'less' },
  { case: 'crash', metric: 'missing', title: 'acknowledged, not run', unit: '', better: 'less' },
  { case: 'crash', metric: 'twice', title: 'ran twice', unit: '', better: 'less' },
]

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

export function show(found: Cell, { unit }: Column, crashWait: number): string {
  if ('none' in found) {
    if (found.none === 'never') return `not within ${crashWait} s`
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
  const rows = [
    ['peer', ...COLUMNS.map(({ title }) => title)],
    ['---', ...COLUMNS.map(() => '---:')],
    ...measured.map((peer) => [peer.name, ...COLUMNS.map((column) => show(cell(peer, column), column, crashWait))]),
  ]
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
  return [
    `${report.machine.split('\n').join('; ')}; ${report.date}.`,
    `Median of ${report.repetitions}, ${report.threads} threads where a peer has threads.${report.quick ? ' Quick sizes: a smoke test, not a measurement.' : ''}`,
    '',
    table(rows),
    '',
    table(settings),
    ...(troubles.length === 0 ? [] : ['', 'Not measured:', '', ...troubles]),
  ].join('\n')
}

function troublesOf(peer: PeerReport): string[] {
  if (peer.missing !== undefined) return [`- ${peer.name}: ${inCell(peer.missing)}`]
  return Object.entries(peer.cases).flatMap(([name, outcomes]) => {
    const failed = outcomes.find((outcome) => 'failed' in outcome)
    return failed && 'failed' in failed ? [`- ${peer.name}, ${name}: ${inCell(failed.failed)}`] : []
  })
}
