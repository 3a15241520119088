/** What is held back costs those behind it nothing, however much it is. */
// Alone in its process: measures the processor time of the process.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openApp } from '../fixtures/tasks.ts'

const HELD = 20_000
const FREE = 2_000

/** Processor time of this process for running free jobs, in ms. */
async function costOf(run: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

test(`${HELD.toLocaleString('en')} jobs that wait for keys, rates, places and orders slow none behind them`, async () => {
  const gates = [new Journal(), new Journal()]
  const apps = gates.map(() =>
    openApp({ database: freshDatabase(), concurrency: 3, queues: { one: { concurrency: 1 } } }),
  )
  const [alone, behind] = apps as [(typeof apps)[0], (typeof apps)[0]]
  await using _alone = alone.app
  await using _behind = behind.app
  for (const [i, { app, hold, add }] of apps.entries()) {
    await app.start()
    // A thread is held in either.
    await hold.applyAsync([gates[i]!.path, 'first'], { concurrencyKey: 'held' })
    await gates[i]!.has('first began')
    for (const handle of await add.delayMany(Array.from({ length: 500 }, (_, n) => [n, 1]))) await resultOf(handle)
  }
  const { app, hold, rated, ratedByKey, echo, twoAtOnce } = behind
  await app.control.pause({ task: 'echo' })
  await app.control.rateLimit('rated', '1/h')
  await app.control.rateLimit('ratedByKey', '1/h')
  const each = HELD / 5
  const many = <T>(call: (n: number) => T): T[] => Array.from({ length: each }, (_, n) => call(n))
  const journal = gates[1]!.path
  await hold.delayMany(
    many((): [string, string] => [journal, 'never']),
    { concurrencyKey: 'held' },
  )
  await rated.delayMany(many((n): [number] => [n]))
  await ratedByKey.delayMany(many((n): [string, number] => ['one', n]))
  await echo.delayMany(
    many((n): [number] => [n]),
    { priority: 9 },
  )
  await app.control.pause('one')
  await twoAtOnce.delayMany(
    many((): [string, string, number] => [journal, 'never', 0]),
    { queue: 'one', priority: 9 },
  )

  const costs: [number[], number[]] = [[], []]
  for (let round = 0; round < 3; round++) {
    for (const [i, { add }] of apps.entries()) {
      const calls = Array.from({ length: FREE / 2 }, (_, n): [number, number] => [n, 1])
      const cost = await costOf(async () => {
        for (const handle of await add.delayMany(calls)) await resultOf(handle)
      })
      costs[i as 0 | 1].push(cost)
    }
  }
  const [least, leastBehind] = costs.map((list) => Math.min(...list)) as [number, number]
  const text = `${leastBehind} ms behind them, ${least} ms alone`
  assert.ok(leastBehind < least * 1.8 + 20, text)
  const { BLOCKED: blocked, PENDING: pending } = (await app.inspect.stats()).states
  assert.ok(Number(blocked) + Number(pending) >= HELD - 10, `${blocked} and ${pending} are still held back`)
  for (const gate of gates) gate.open()
})
