import type { Call } from '../command.ts'
import { NO_WORKER, OK } from '../exit.ts'
import { toJson } from '../output/json.ts'
import { bytes, count } from '../output/text.ts'

/** As Celery's, it fails with 69 when nothing consumes the file. */
export async function run({ terminal, opening, json }: Call): Promise<number> {
  const reader = await opening.reader()
  const [overview, workers, queues, orders] = await Promise.all([
    reader.overview(),
    reader.workers(),
    reader.queues(),
    reader.orders(),
  ])
  const { file, states } = overview
  const { orderData, orderText, queueData, queueTable, workerData, workerTable } = await import('../output/views.ts')
  const online = workers.filter(({ silentSince }) => silentSince === null).length
  if (json) {
    terminal.print(
      toJson(
        {
          file,
          states,
          workers: workers.map(workerData),
          queues: queues.map(queueData),
          orders: orders.map(orderData),
        },
        2,
      ),
    )
  } else {
    terminal.print(`${file.path}  ${bytes(file.bytes)}, write-ahead log ${bytes(file.walBytes)}`)
    terminal.print(stateLine(states))
    if (queues.length > 0) terminal.print(`\n${queueTable(queues, overview.at, terminal)}`)
    for (const order of orders) terminal.print(orderText(order, overview.at, terminal))
    if (workers.length > 0) terminal.print(`\n${workerTable(workers, overview.at, terminal)}`)
    terminal.print(`\n${count(online, 'process')} online`)
  }
  return online > 0 ? OK : NO_WORKER
}

function stateLine(states: Record<string, number>): string {
  const present = Object.entries(states).filter(([, jobs]) => jobs > 0)
  return present.length === 0 ? 'no jobs' : present.map(([state, jobs]) => `${jobs} ${state}`).join(' · ')
}
