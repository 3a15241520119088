/**
 * A process with nothing to do: its CPU as a percentage of one core.
 * Arguments: `bare` or a database to be a worker on, seconds to settle, seconds to watch,
 * and how many schedules the file has of which none becomes due (default 0).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { openApp } from '../ours/app.ts'
import { argument, endWithParent, report } from './entry.ts'

endWithParent()
const database = argument(0)
const opened = database === 'bare' ? null : await openApp(database)
const app = opened?.app
const start = Date.now() + 86_400_000
for (let i = 0; i < Number(process.argv[5] ?? 0); i++)
  app?.schedule(`s${i}`, { every: '1d', start, run: opened!.noop.s() })
await app?.start()
await sleep(Number(argument(1)) * 1000)
const cpu = process.cpuUsage()
const began = performance.now()
await sleep(Number(argument(2)) * 1000)
const used = process.cpuUsage(cpu)
report({ percent: ((used.user + used.system) / 1000 / (performance.now() - began)) * 100 })
await app?.stop()
process.disconnect()
