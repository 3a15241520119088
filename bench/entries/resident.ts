/**
 * How much memory (resident set, MB) a process takes. Arguments: `bare`; or `begun` and a database, for a worker that has run one job; or
 * a database to be a worker on, the path of the milestones that say how many of its jobs to run first, and how many seconds to rest then.
 * `peak` is the most while they ran, `idle` what is left after the rest: V8 gives its heaps back only after some quiet.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { openApp } from '../ours/app.ts'
import { readMilestones } from '../ours/milestones.ts'
import { argument, endWithParent, report } from './entry.ts'

/** Until what a start left to do is done, in ms. */
const SETTLED = 2_000

endWithParent()
const resident = () => process.memoryUsage.rss() / 2 ** 20
const database = argument(0)

if (database === 'bare') {
  await sleep(SETTLED)
  report({ idle: resident(), peak: resident() })
} else if (database === 'begun') {
  const { app, noop } = await openApp(argument(1))
  await app.start()
  await (await noop.delay()).get({ timeout: 60_000 })
  await sleep(SETTLED)
  report({ idle: resident() })
  await app.stop()
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
  await sleep(Number(argument(2)) * 1_000)
  report({ idle: resident(), peak })
  await app.stop()
}
process.disconnect()
