/** Enqueues in every way there is and consumes at the same time, or only enqueues, until it is killed. */
import Database from 'better-sqlite3'
import type { AsyncResult } from 'celeriac'
import { integer, seeded } from '../random.ts'
import { app, busy, database, flaky, instant, log, parent, waiting } from './app.ts'
import { report, reportLater, unreported } from './reports.ts'

const { seed, consume } = JSON.parse(process.argv[2]!) as { seed: number; consume: boolean }
const random = seeded(seed)
const db = new Database(database, { timeout: 10_000 })
const addOrder = db.prepare('INSERT INTO orders (key) VALUES (?)')
let keys = 0
const said = new Set<string>()

class TakenBack extends Error {}

process.on('disconnect', () => process.exit(1))
if (consume) void app.start().then(() => say('working'))
// What earlier lives were promised, this one still hears of.
for (const job of unreported().slice(-5)) void reportLater(job)
await Promise.all(Array.from({ length: 6 }, produce))

/** Once, for a sign tells of a stage of life. */
function say(sign: string): void {
  if (!said.has(sign)) process.send?.(sign)
  said.add(sign)
}

async function produce(): Promise<never> {
  while (true) {
    const asked = enqueue()
    say('asked')
    const jobs = await asked
    for (const { key, handle } of jobs) log.write({ what: 'acknowledged', key, id: handle.id })
    say('acknowledged')
    await Promise.all(jobs.map(({ key, handle }) => report(key, handle)))
  }
}

interface Asked {
  key: string
  handle: AsyncResult<string>
}

async function enqueue(): Promise<Asked[]> {
  switch (integer(random, 0, 7)) {
    case 0:
      return one((key) => waiting.delay(key, long()))
    case 1:
      return one((key) => flaky.delay(key, length(), integer(random, 0, 31)))
    case 2:
      return one((key) => parent.applyAsync([key, length()], { taskId: key }))
    case 3:
      return one((key) => busy.applyAsync([key, length()], { countdown: integer(random, 1, 30), priority: 3 }))
    case 4:
      return one(async (key) => {
        const call = (): Promise<AsyncResult<string>> => busy.applyAsync([key, length()], { taskId: key })
        const [handle] = await Promise.all([call(), call()])
        return handle
      })
    case 5: {
      const asked = Array.from({ length: integer(random, 2, 8) }, () => newKey())
      const handles =
        random() < 0.3
          ? await instant.delayMany(asked.map((key) => [key]))
          : await waiting.delayMany(asked.map((key) => [key, long()]))
      return asked.map((key, i) => ({ key, handle: handles[i]! }))
    }
    default:
      return within()
  }
}

async function one(call: (key: string) => Promise<AsyncResult<string>>): Promise<Asked[]> {
  const key = newKey()
  return [{ key, handle: await call(key) }]
}

/** The job and a row of the application's own table, in one transaction; sometimes taken back. */
function within(): Asked[] {
  const key = newKey(true)
  const back = random() < 0.3
  let handle: AsyncResult<string> | undefined
  try {
    db.transaction(() => {
      addOrder.run(key)
      handle = busy.within(db).applyAsync([key, length()], { taskId: key })
      if (back) throw new TakenBack()
    }).immediate()
  } catch (error) {
    if (!(error instanceof TakenBack)) throw error
    log.write({ what: 'rolled-back', key })
    return []
  }
  return [{ key, handle: handle! }]
}

function newKey(within = false): string {
  const key = `${process.pid}-${++keys}`
  log.write({ what: 'asked', key, within })
  return key
}

/** Of a task that keeps its thread busy, in ms. */
function length(): number {
  return random() * 3
}

/** Of a task that waits, in ms. */
function long(): number {
  return integer(random, 0, 12)
}
