/**
 * A process with nothing to do: its CPU as a percentage of one core.
 * Arguments: `bare` or a database to be a worker on, seconds to settle, seconds to watch.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { openApp } from '../ours/app.ts'
import { argument, endWithParent, report } from './entry.ts'

endWithParent()
const database = argument(0)
const app = database === 'bare' ? null : (await openApp(database)).app
await app?.start()
await sleep(Number(argument(1)) * 1000)
const cpu = process.cpuUsage()
const began = performance.now()
await sleep(Number(argument(2)) * 1000)
const used = process.cpuUsage(cpu)
report({ percent: ((used.user + used.system) / 1000 / (performance.now() - began)) * 100 })
await app?.stop()
process.disconnect()
