/**
 * How much memory (resident set, MB) a process takes. Arguments: `bare`, or a database to be a worker on and the path of
 * the milestones that say how many of its jobs to run first. `peak` is the most while they ran, `idle` 2 s later.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { openApp } from '../ours/app.ts'
import { readMilestones } from '../ours/milestones.ts'
import { argument, endWithParent, report } from './entry.ts'

endWithParent()
const resident = () => process.memoryUsage.rss() / 2 ** 20
const database = argument(0)

if (database === 'bare') {
  await sleep(2_000)
  report({ idle: resident(), peak: resident() })
} else {
  const [ids = []] = readMilestones(argument(1))
  const { app } = await openApp(database)
  let peak = 0
  const sampler = setInterval(() => {
    peak = Math.max(peak, resident())
  }, 20)
  await app.start()
  await Promise.all(ids.map((id) => app.result(id).get({ timeout: 60_000 })))
  clearInterval(sampler)
  await sleep(2_000)
  report({ idle: resident(), peak })
  await app.stop()
}
process.disconnect()
