/** A thread's share of the questions; ends with what it found. */
import { parentPort, workerData } from 'node:worker_threads'
import { nextSlot } from '../../../lib/domain/schedule-spec.ts'
import { type Comparison, compareWithOracle } from '../../domain/cron-triples.ts'

export interface Share {
  seed: number
  first: number
  count: number
}

export type Report = { checked: number } | { done: Comparison } | { difference: string }

const tell = (report: Report): void => parentPort?.postMessage(report)
const share = workerData as Share
try {
  const done = compareWithOracle(
    ({ expression, zone, after }) => nextSlot({ kind: 'cron', expression, timezone: zone }, 'x', after),
    { ...share, progress: (checked) => tell({ checked }) },
  )
  tell({ done })
} catch (error) {
  tell({ difference: error instanceof Error ? error.message : String(error) })
}
