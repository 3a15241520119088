/** Counting slots gives what listing them gives, in the zones that change their clocks most oddly. */
// Alone in its process: measures the processor time of the process.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { countSlots, nextSlot, type ScheduleRecord } from '../../lib/domain/schedule-spec.ts'
import { processorTime } from '../fixtures/processor-time.ts'

const DAY = 86_400_000
const ZONES = [
  'UTC',
  'Europe/Madrid',
  'America/New_York',
  'Australia/Lord_Howe',
  'Antarctica/Troll',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'Africa/Casablanca',
]

function listed(record: ScheduleRecord, after: number, until: number): number[] {
  const slots: number[] = []
  for (let from = after; ; ) {
    const slot = nextSlot(record, 'x', from)
    if (slot === null || slot.at > until) return slots
    slots.push(slot.at)
    from = slot.at
  }
}

describe('countSlots', () => {
  for (const expression of [
    '30 2 * * *',
    '0 */2 * * *',
    '*/10 1,2 * * *',
    '0,30 0-3 * * *',
    '15 30 2,3 * * *',
    '0 0 * * *',
    '59 59 23 * * *',
    '45 * * * SUN',
    '20 1 L * 5#2',
  ]) {
    it(`counts '${expression}' over a year of changes, from and to any instant`, () => {
      for (const timezone of ZONES) {
        const record: ScheduleRecord = { kind: 'cron', expression, timezone }
        const begin = Date.UTC(2018, 0, 1)
        const all = listed(record, begin - 1, begin + 400 * DAY)
        const within = (after: number, until: number) => all.filter((at) => at > after && at <= until).length
        // Odd steps, so that the ends fall before, into and after gaps and overlaps.
        for (let after = begin; after < begin + 370 * DAY; after += 37.37 * DAY + 1_234_567) {
          for (const length of [0, 1, 999, 1_800_000, 3_600_000, 1.02 * DAY, 29.9 * DAY]) {
            const [from, until] = [Math.floor(after), Math.floor(after + length)]
            const found = countSlots(record, 'x', from, until)
            assert.equal(found, within(from, until), `${expression} ${timezone} (${from}, ${until}]`)
          }
        }
        for (const at of all.slice(0, 100)) {
          assert.equal(countSlots(record, 'x', at - 1, at), 1, `${timezone} ${at}`)
          assert.equal(countSlots(record, 'x', at, at), 0)
        }
        assert.equal(countSlots(record, 'x', begin - 1, begin + 400 * DAY), all.length)
      }
    })
  }

  it('counts near each change of clocks, minute by minute', () => {
    for (const timezone of ZONES) {
      for (const expression of ['30 2 * * *', '*/20 * * * *', '*/10 0,1,2 * * *']) {
        const record: ScheduleRecord = { kind: 'cron', expression, timezone }
        for (const begin of [Date.UTC(2019, 2, 30, 20), Date.UTC(2019, 9, 26, 20), Date.UTC(2019, 9, 5, 12)]) {
          const until = begin + DAY
          const all = listed(record, begin, until)
          for (let after = begin; after < until; after += 600_000) {
            const expected = all.filter((at) => at > after).length
            assert.equal(countSlots(record, 'x', after, until), expected, `${expression} ${timezone} after ${after}`)
          }
        }
      }
    }
  })

  it('counts periods and single times', () => {
    const every: ScheduleRecord = { kind: 'every', milliseconds: 7_000, anchor: 3 }
    for (const [after, until] of [
      [0, 70_000],
      [3, 7_003],
      [-50_000, -1],
      [2, 3],
    ] as const) {
      assert.equal(countSlots(every, 'x', after, until), listed(every, after, until).length)
    }
    assert.deepEqual(
      [
        [4, 5],
        [5, 9],
        [0, 4],
      ].map(([after, until]) => countSlots({ kind: 'at', time: 5 }, 'x', after!, until!)),
      [1, 0, 0],
    )
  })

  it('counts a year of seconds without looking at each', () => {
    const record: ScheduleRecord = { kind: 'cron', expression: '* * * * * *', timezone: 'Europe/Madrid' }
    const from = Date.UTC(2025, 0, 1)
    const begun = processorTime()
    assert.equal(countSlots(record, 'x', from, from + 365 * DAY), 365 * 86_400)
    assert.ok(processorTime() - begun < 2_000)
  })
})
