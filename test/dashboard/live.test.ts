import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DashboardData } from '../../lib/dashboard/data.ts'
import { LiveFeed, type Tick } from '../../lib/dashboard/live.ts'
import { until } from '../fixtures/until.ts'

test('each watcher is told once what it may have missed before it watched, and then only of what happens', async () => {
  const looks = { pulse: 0, changes: 0 }
  let mark = 'a'
  let happened: unknown[] = []
  const data = {
    changes: async () => {
      looks.changes++
      return { changes: happened.splice(0), skipped: 0, cursor: {} }
    },
    pulse: async () => {
      looks.pulse++
      return { mark, running: 0 }
    },
  } as unknown as DashboardData
  const live = new LiveFeed(data)
  const told: Record<'plain' | 'events', (Tick | null)[]> = { plain: [], events: [] }
  const stops = [live.watch((tick) => told.plain.push(tick), { events: false })]
  await until(() => told.plain.length > 0, 'the first tick')
  assert.equal(looks.changes, 0, 'nobody wanted to hear what happened')
  stops.push(live.watch((tick) => told.events.push(tick), { events: true }))
  await until(() => told.events.length > 0, "the second watcher's tick")
  const before = looks.pulse
  await until(() => looks.pulse > before + 1, 'two looks more')
  const empty = { changes: [], skipped: 0, running: false }
  assert.deepEqual(told, { plain: [empty], events: [empty] })
  happened = [{ event: 'task-sent' }]
  mark = 'b'
  await until(() => told.plain.length > 1 && told.events.length > 1, 'the news')
  assert.deepEqual(told.plain.at(-1), empty)
  assert.ok(told.events.some((tick) => tick?.changes.length === 1))
  for (const stop of stops) stop()
})
