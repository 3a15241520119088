import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DashboardData } from '../../lib/dashboard/data.ts'
import { LiveFeed, type Tick } from '../../lib/dashboard/live.ts'
import { until } from '../fixtures/until.ts'

test('each watcher is told once what it may have missed before it watched, and then only of what happens', async () => {
  let looks = 0
  let happened: unknown[] = []
  const data = {
    changes: async () => {
      looks++
      return { changes: happened.splice(0), skipped: 0, cursor: {} }
    },
    states: async () => ({}),
  } as unknown as DashboardData
  const live = new LiveFeed(data)
  const told: Record<string, (Tick | null)[]> = { first: [], second: [] }
  const stops = [live.watch((tick) => told.first!.push(tick))]
  await until(() => told.first!.length > 0, 'the first tick')
  stops.push(live.watch((tick) => told.second!.push(tick)))
  await until(() => told.second!.length > 0, "the second watcher's tick")
  const before = looks
  await until(() => looks > before + 1, 'two looks more')
  const empty = { changes: [], skipped: 0, running: false }
  assert.deepEqual(told, { first: [empty], second: [empty] })
  happened = [{ event: 'task-sent' }]
  await until(() => told.first!.length > 1 && told.second!.length > 1, 'the news')
  assert.deepEqual(told.first?.at(-1), { ...empty, changes: [{ event: 'task-sent' }] })
  for (const stop of stops) stop()
})
