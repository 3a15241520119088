import type { Figure, Sample } from './case.ts'
import { median } from './numbers.ts'

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** A figure with what was found. */
export interface Verdict {
  readonly name: string
  readonly unit: Figure['unit']
  readonly compare: Figure['compare']
  readonly ours: Spread
  readonly baseline: Spread | null
  /** The median itself, or the ratio or the difference of the medians. */
  readonly found: number
  readonly least: number | null
  readonly most: number | null
  /** Whether the bound holds; `null` without a bound. */
  readonly ok: boolean | null
}

type Samples = Readonly<Record<string, readonly Sample[]>>

export function judge(figure: Figure, samples: Samples): Verdict {
  const ours = spread(figure.ours, samples)
  const baseline = figure.baseline === undefined ? null : spread(figure.baseline, samples)
  const found = compare(figure, ours.median, baseline?.median)
  const { least, most } = figure
  const bounded = least !== undefined || most !== undefined
  return {
    name: figure.name,
    unit: figure.unit,
    compare: figure.compare,
    ours,
    baseline,
    found,
    least: least ?? null,
    most: most ?? null,
    ok: bounded ? found >= (least ?? Number.NEGATIVE_INFINITY) && found <= (most ?? Number.POSITIVE_INFINITY) : null,
  }
}

function compare({ name, compare }: Figure, ours: number, baseline: number | undefined): number {
  if (compare === 'value') return ours
  if (baseline === undefined) throw new Error(`figure '${name}' compares with nothing`)
  return compare === 'ratio' ? ours / baseline : ours - baseline
}

function spread(reference: string, samples: Samples): Spread {
  const [trial = '', metric = ''] = reference.split('.')
  const values = (samples[trial] ?? []).map((sample) => sample[metric])
  if (values.length === 0 || !values.every((value) => Number.isFinite(value)))
    throw new Error(`trial '${trial}' did not measure '${metric}' every time`)
  const numbers = values as number[]
  return { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers) }
}
