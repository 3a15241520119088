import type { Sample } from '../case.ts'
import { percentile } from '../numbers.ts'
import { cpuOf } from './cpu.ts'

/** The same work by us and by the baseline. */
export interface Cost {
  readonly ours: () => unknown
  readonly raw: () => unknown
}

/** Low, for what else the machine does only ever adds; not the least, for one lucky round is no figure. */
const QUANTILE = 0.25

/** CPU time a job of both sides, by name, over many short rounds. */
export class Costs {
  readonly #jobs: number
  readonly #found = new Map<string, { ours: number[]; raw: number[] }>()

  constructor(jobs: number) {
    this.#jobs = jobs
  }

  async measure(name: string, cost: Cost, counts: boolean): Promise<void> {
    const found = this.#found.get(name) ?? { ours: [], raw: [] }
    this.#found.set(name, found)
    const [ours, raw] = [await cpuOf(cost.ours), await cpuOf(cost.raw)]
    if (!counts) return
    found.ours.push(ours / this.#jobs)
    found.raw.push(raw / this.#jobs)
  }

  /** `<name>.ours` and `<name>.raw`, in microseconds a job. */
  sample(): Sample {
    return Object.fromEntries(
      [...this.#found].flatMap(([name, { ours, raw }]) => [
        [`${name} ours`, percentile(ours, QUANTILE)],
        [`${name} raw`, percentile(raw, QUANTILE)],
      ]),
    )
  }
}
