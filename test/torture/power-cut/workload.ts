/**
 * The program whose disk fails: enqueues in every way, runs, reports, takes back. It says each promise it was given in a
 * line of its own, at the moment it was given.
 */
import { writeSync } from 'node:fs'
import Database from 'better-sqlite3'
import { Celeriac } from 'celeriac'
import { integer, seeded } from '../../crash/random.ts'
import type { Promised } from './promised.ts'

const [database, durability, seed, rounds] = process.argv.slice(2) as [string, 'full' | 'normal', string, string]
const quiet = (): void => {}

export const app = new Celeriac({
  database,
  durability,
  tasks: import.meta.url,
  concurrency: 2,
  logger: { debug: quiet, info: quiet, warn: quiet, error: (message) => console.error(message) },
})
export const double = app.task('double', (n: number) => n * 2)
export const fail = app.task('fail', { retry: { maxRetries: 1, delay: 1, jitter: 'none' } }, (n: number) => {
  throw new Error(`no ${n}`)
})

const say = (promised: Promised): void => void writeSync(1, `${JSON.stringify(promised)}\n`)
const random = seeded(Number(seed))

await app.start()
const own = new Database(database)
own.pragma(`synchronous = ${durability}`)
own.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, job TEXT) STRICT')
const order = own.prepare('INSERT INTO orders (job) VALUES (?)')

for (let round = 0; round < Number(rounds); round++) {
  // So that the power also fails while the log is copied into the database, over and over; and the log stays short.
  if (round % 6 === 5) own.pragma(`wal_checkpoint(${['PASSIVE', 'RESTART', 'TRUNCATE'][integer(random, 0, 2)]})`)
  const n = integer(random, 1, 1_000)
  switch (integer(random, 0, 5)) {
    case 0: {
      const handle = await double.delay(n)
      say({ stored: [handle.id] })
      say({ ended: handle.id, state: 'SUCCESS', value: await handle.get() })
      break
    }
    case 1: {
      const handles = await Promise.all(Array.from({ length: 8 }, (_, i) => double.delay(n + i)))
      say({ stored: handles.map(({ id }) => id) })
      break
    }
    case 2: {
      const handles = await double.delayMany(Array.from({ length: 25 }, (_, i) => [n + i]))
      say({ stored: handles.map(({ id }) => id) })
      await handles.at(-1)?.get()
      break
    }
    case 3: {
      const handle = own
        .transaction(() => {
          const stored = double.within(own).delay(n)
          order.run(stored.id)
          return stored
        })
        .immediate()
      say({ stored: [handle.id], order: true })
      break
    }
    case 4: {
      const handle = await fail.delay(n)
      say({ stored: [handle.id] })
      await handle.get().catch(quiet)
      say({ ended: handle.id, state: 'FAILURE', value: `no ${n}` })
      break
    }
    case 5: {
      const handle = await double.applyAsync([n], { countdown: '1h' })
      say({ stored: [handle.id] })
      await handle.revoke()
      say({ ended: handle.id, state: 'REVOKED', value: null })
    }
  }
}
own.close()
await app.stop()
