import { release } from 'node:os'
import type { Call } from '../command.ts'
import { toJson } from '../output/json.ts'
import { version } from '../version.ts'

/** What belongs into a report of a fault: versions, the file, who is on it. Names no job and no argument. */
export async function run({ terminal, opening, json }: Call): Promise<undefined> {
  const reader = await opening.reader()
  const [overview, workers, queues, schedules] = await Promise.all([
    reader.overview(),
    reader.workers(),
    reader.queues(),
    reader.schedules(),
  ])
  const report = {
    celeriac: version(),
    node: process.version,
    platform: `${process.platform} ${process.arch} ${release()}`,
    file: overview.file,
    states: overview.states,
    processes: workers.map(({ pid, role, threads, alive, running }) => ({
      pid,
      role,
      threads,
      alive,
      running: running.length,
    })),
    queues: queues.map(({ queue, pending, running }) => ({ queue, pending, running })),
    schedules: schedules.map(({ name, misfire, overlap, paused, error }) => ({
      name,
      misfire,
      overlap,
      paused,
      error,
    })),
  }
  if (json) return terminal.print(toJson(report, 2))
  const { pairs } = await import('../output/table.ts')
  terminal.print(
    pairs(
      Object.entries(report).map(([name, value]) => [name, typeof value === 'string' ? value : toJson(value)] as const),
      terminal,
    ),
  )
}
