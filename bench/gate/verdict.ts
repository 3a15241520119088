import type { Sample } from '../case.ts'
import { median } from '../numbers.ts'

/** `bench/baseline.json`. */
export interface Baseline {
  /** What it was measured with; another Node or SQLite may have other ratios. */
  readonly on: string
  readonly figures: Readonly<Record<string, BaselineFigure>>
}

export interface BaselineFigure {
  readonly trial: string
  /** Our CPU time a job, in multiples of the raw table's. */
  readonly ratio: number
  /** How many times the ratio may be before it is a loss: beyond what noise was seen to do. */
  readonly tolerance: number
}

export interface GateLine {
  readonly name: string
  readonly ours: number
  readonly raw: number
  readonly ratio: number
  readonly baseline: number
  readonly most: number
  readonly ok: boolean
}

/** The median of the ratios of all trials against the baseline; every figure of the baseline must have been measured. */
export function judgeGate(baseline: Baseline, samples: Readonly<Record<string, readonly Sample[]>>): GateLine[] {
  return Object.entries(baseline.figures)
    .filter(([, { trial }]) => samples[trial] !== undefined)
    .map(([name, { trial, ratio: expected, tolerance }]) => {
      const found = (samples[trial] ?? []).map((sample) => [sample[`${name} ours`], sample[`${name} raw`]])
      if (found.length === 0 || !found.flat().every((value) => value !== undefined && value > 0))
        throw new Error(`trial '${trial}' did not measure '${name}' every time`)
      const pairs = found as [number, number][]
      const ratio = median(pairs.map(([ours, raw]) => ours / raw))
      return {
        name,
        ours: median(pairs.map(([ours]) => ours)),
        raw: median(pairs.map(([, raw]) => raw)),
        ratio,
        baseline: expected,
        most: expected * tolerance,
        ok: ratio <= expected * tolerance,
      }
    })
}

/** So much less than the baseline that the baseline should follow, or it hides a later loss. */
export const outgrown = ({ ratio, baseline, most }: GateLine): boolean => ratio < baseline / (most / baseline)

export function gateTable(lines: readonly GateLine[]): string {
  const rows = [
    ['CPU µs a job', 'ours', 'raw', 'ratio', 'baseline', 'most', ''],
    ...lines.map((line) => [
      line.name,
      line.ours.toFixed(1),
      line.raw.toFixed(1),
      line.ratio.toFixed(2),
      line.baseline.toFixed(2),
      line.most.toFixed(2),
      line.ok ? (outgrown(line) ? 'better: take it with --update' : '') : 'SLOWER',
    ]),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows
    .map((row) =>
      row
        .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
