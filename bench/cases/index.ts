import type { Case } from '../case.ts'
import { appLoop } from './app-loop.ts'
import { backlog } from './backlog.ts'
import { beat, beatIdle } from './beat.ts'
import { coldStart } from './cold-start.ts'
import { consoleCapture } from './console-capture.ts'
import { cpuBound } from './cpu-bound.ts'
import { drain } from './drain.ts'
import { enqueueAwait } from './enqueue-await.ts'
import { enqueueBurst } from './enqueue-burst.ts'
import { enqueueMany } from './enqueue-many.ts'
import { firstPaint } from './first-paint.ts'
import { hardLimit } from './hard-limit.ts'
import { hostileReader } from './hostile-reader.ts'
import { idle } from './idle.ts'
import { limits } from './limits.ts'
import { memory } from './memory.ts'
import { mixed } from './mixed.ts'
import { pages } from './pages.ts'
import { pruning } from './pruning.ts'
import { recovery } from './recovery.ts'
import { revoke } from './revoke.ts'
import { roundTripCase } from './round-trip.ts'
import { slowDisk } from './slow-disk.ts'
import { stream } from './stream.ts'
import { watchedDrain } from './watched-drain.ts'

/** In the order of the table. */
export const CASES: readonly Case[] = [
  enqueueAwait,
  enqueueBurst,
  enqueueMany,
  drain,
  stream,
  roundTripCase,
  cpuBound,
  mixed,
  appLoop,
  slowDisk,
  backlog,
  limits,
  idle,
  coldStart,
  memory,
  recovery,
  consoleCapture,
  hardLimit,
  revoke,
  beat,
  beatIdle,
  pages,
  firstPaint,
  watchedDrain,
  pruning,
  hostileReader,
]

export function caseNamed(name: string): Case {
  const found = CASES.find((candidate) => candidate.name === name)
  if (!found) throw new Error(`no case '${name}'; there are ${CASES.map((c) => c.name).join(', ')}`)
  return found
}
