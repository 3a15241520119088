/**
 * The program whose disk fails: enqueues in every way, runs, reports, takes back. It says each promise it was given in a
 * line of its own, at the moment it was given.
 */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { type AsyncResult, Celeriac, TaskExpired, TaskFailure, TaskRevoked } from 'celeriac'
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
export const fail = app.task('fail', { retry: { maxRetries: 1, delay: 1, jitter: 'none' } }, async (n: number) => {
  await sleep(n % 12)
  throw new Error(`no ${n}`)
})
export const alone = app.task('alone', { concurrency: { limit: 1, onConflict: 'discard' } }, (n: number) => n * 2)

const say = (promised: Promised): void => void writeSync(1, `${JSON.stringify(promised)}\n`)

async function sayEnd(handle: AsyncResult<number>): Promise<void> {
  const { id } = handle
  try {
    say({ ended: id, state: 'SUCCESS', value: await handle.get() })
  } catch (error) {
    if (error instanceof TaskFailure) say({ ended: id, state: 'FAILURE', value: (error.cause as Error).message })
    else if (error instanceof TaskExpired) say({ ended: id, state: 'EXPIRED', value: null })
    else if (error instanceof TaskRevoked) say({ ended: id, state: 'REVOKED', value: null })
    else throw error
  }
}

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
  switch (integer(random, 0, 7)) {
    case 0: {
      const handle = await double.delay(n)
      say({ stored: [handle.id] })
      await sayEnd(handle)
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
      const handles = await Promise.all(Array.from({ length: 12 }, (_, i) => fail.delay(n + i)))
      say({ stored: handles.map(({ id }) => id) })
      let running = handles.length
      const ended = handles.map((handle) => sayEnd(handle).finally(() => running--))
      // Another connection commits while the engine does and waits for the disk.
      while (running > 0) {
        order.run(handles[0]?.id)
        await sleep(4)
      }
      await Promise.all(ended)
      break
    }
    case 5: {
      const handle = await double.applyAsync([n], { countdown: '1h' })
      say({ stored: [handle.id] })
      await handle.revoke()
      say({ ended: handle.id, state: 'REVOKED', value: null })
      break
    }
    case 6: {
      const handle = await double.applyAsync([n], { countdown: '1h', expires: '2ms' })
      say({ stored: [handle.id] })
      await sayEnd(handle)
      break
    }
    case 7: {
      const handles = await Promise.all([1, 2].map((i) => alone.applyAsync([n * i], { countdown: '2ms' })))
      say({ stored: handles.map(({ id }) => id) })
      // Due together, the first finds room and the second does not.
      await sayEnd(handles[1] as AsyncResult<number>)
    }
  }
}
own.close()
await app.stop()
