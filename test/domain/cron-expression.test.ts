// Alone in its process: measures the processor time of the process.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compileCron } from '../../lib/domain/cron.ts'
import { nextSlot, parseSchedule, type Slot } from '../../lib/domain/schedule-spec.ts'
import { InvalidSchedule } from '../../lib/errors.ts'
import { processorTime } from '../fixtures/processor-time.ts'

const DAY = 86_400_000

const next = (expression: string, zone: string, after: number, name = 'x') =>
  nextSlot({ kind: 'cron', expression, timezone: zone }, name, after)

const shown = ({ at, movedByDst }: Slot) =>
  new Date(at).toISOString().replace(':00.000Z', 'Z') + (movedByDst ? ' moved' : '')

describe('cron expressions', () => {
  const first = (expression: string, after: string, zone = 'UTC') => {
    const slot = next(expression, zone, Date.parse(after))
    assert.ok(slot !== null)
    return shown(slot)
  }
  for (const [expression, after, expected] of [
    ['@yearly', '2026-05-05T05:05Z', '2027-01-01T00:00Z'],
    ['@annually', '2026-05-05T05:05Z', '2027-01-01T00:00Z'],
    ['@monthly', '2026-05-05T05:05Z', '2026-06-01T00:00Z'],
    ['@weekly', '2026-05-05T05:05Z', '2026-05-10T00:00Z'],
    ['@daily', '2026-05-05T05:05Z', '2026-05-06T00:00Z'],
    ['@midnight', '2026-05-05T05:05Z', '2026-05-06T00:00Z'],
    ['@Hourly', '2026-05-05T05:05Z', '2026-05-05T06:00Z'],
    ['@minutely', '2026-05-05T05:05Z', '2026-05-05T05:06Z'],
    ['@secondly', '2026-05-05T05:05Z', '2026-05-05T05:05:01.000Z'],
    ['@weekdays', '2026-05-08T05:05Z', '2026-05-11T00:00Z'],
    ['@weekends', '2026-05-05T05:05Z', '2026-05-09T00:00Z'],
    ['  0\t6  * * *\n', '2026-05-05T06:00Z', '2026-05-06T06:00Z'],
    ['0 0 L * *', '2028-02-05T00:00Z', '2028-02-29T00:00Z'],
    ['0 0 15,L * *', '2027-02-15T00:00Z', '2027-02-28T00:00Z'],
    ['0 0 * * 5L', '2026-05-05T00:00Z', '2026-05-29T00:00Z'],
    ['0 0 * * friL', '2026-05-05T00:00Z', '2026-05-29T00:00Z'],
    ['0 0 * * MON#2', '2026-05-05T00:00Z', '2026-05-11T00:00Z'],
    ['0 0 13 * FRI', '2026-05-05T00:00Z', '2026-05-08T00:00Z'],
    ['0 0 ? JAN-MAR ?', '2026-05-05T00:00Z', '2027-01-01T00:00Z'],
    ['0 0 29 2 *', '2096-03-01T00:00Z', '2104-02-29T00:00Z'],
    ['0 0 * 2 1#5', '2044-03-01T00:00Z', '2072-02-29T00:00Z'],
    ['0 0 31 */2 *', '2026-05-05T00:00Z', '2026-05-31T00:00Z'],
    ['0 12 * * 7', '2026-05-05T00:00Z', '2026-05-10T12:00Z'],
    ['5/20 * * * *', '2026-05-05T00:26Z', '2026-05-05T00:45Z'],
  ] as const) {
    it(`${JSON.stringify(expression)} after ${after} is ${expected}`, () =>
      assert.equal(first(expression, after), expected))
  }

  for (const [expression, reason] of [
    ['', /cron '' is empty; give 5 fields/],
    ['   ', /is empty/],
    ['5', /has 1 field; give 5/],
    ['* * * *', /has 4 fields/],
    ['* * * * * * *', /has 7 fields/],
    ['@reboot', /not one of the known names: @yearly, /],
    ['@constructor', /not one of the known names/],
    ['60 * * * *', /'60' as minute: give 0-59/],
    ['* 24 * * *', /'24' as hour: give 0-23/],
    ['* * 0 * *', /'0' as day-of-month: give 1-31/],
    ['* * * 13 *', /'13' as month: give 1-12 or JAN-DEC/],
    ['* * * * 8', /'8' as day-of-week: give 0-7 or SUN-SAT/],
    ['* * * foo *', /'foo' as month/],
    ['* * * * JAN', /'JAN' as day-of-week/],
    ['* * MON * *', /'MON' as day-of-month/],
    ['60 * * * * *', /'60' as second/],
    ['0 0 30 2 *', /can never fire: no month of '2' has a day '30'/],
    ['0 0 31 4,6,9,11 *', /can never fire/],
    ['22-2 * * * *', /runs backwards/],
    ['H(9-3) * * * *', /runs backwards/],
    ['*/0 * * * *', /a step is 1 or more/],
    ['*/90 * * * *', /which has 60 values; for longer periods use `every`/],
    ['1,1 * * * *', /names the value 1 twice/],
    ['0 0 * * 0,7', /names the value 0 twice/],
    ['1,,2 * * * *', /has '' as minute: an item of the list is empty/],
    ['0 0 1W * *', /'W' \(nearest working day\) is not supported/],
    ['0 0 3L * *', /plain 'L'/],
    ['0 0 * * L', /weekdayL/],
    ['0 0 * * 1#6', /weekday#1 to weekday#5/],
    ['0 0 * * *#2', /weekday#1 to weekday#5/],
    ['0 0 * * 1#1,3#2', /'#' stands alone/],
    ['H/5,1.5 * * * *', /'1.5' as minute/],
    ['-1 * * * *', /'-1' as minute/],
    ['1e1 * * * *', /'1e1' as minute/],
    [`${'1,'.repeat(600)}1 * * * *`, /longer than 1000 characters/],
  ] as const) {
    it(`refuses ${JSON.stringify(expression.slice(0, 30))}, saying why`, () => {
      assert.throws(
        () => parseSchedule('nightly', { cron: expression }, { timezone: 'UTC' }),
        (error: unknown) => {
          assert.ok(error instanceof InvalidSchedule, String(error))
          assert.ok(error.message.startsWith("Schedule 'nightly': cron '"), error.message)
          assert.match(error.message, reason)
          assert.ok(error.message.length < 500, error.message)
          return true
        },
      )
    })
  }

  it('refuses hostile text with InvalidSchedule only, soon', () => {
    const token = fc.constantFrom(
      '*',
      '?',
      'H',
      'H(',
      '(',
      ')',
      'L',
      'W',
      '#',
      '/',
      '-',
      ',',
      ' ',
      '0',
      '59',
      '99999',
      'MON',
      'X',
      '\0',
      '@',
    )
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.array(token, { maxLength: 60 }).map((parts) => parts.join('')),
      fc
        .array(
          fc.array(token, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('').replaceAll(' ', '')),
          { minLength: 5, maxLength: 6 },
        )
        .map((fields) => fields.join(' ')),
    )
    fc.assert(
      fc.property(text, (expression) => {
        const begun = processorTime()
        try {
          assert.ok(compileCron(expression, 'x').next(0) > 0)
        } catch (error) {
          assert.ok(error instanceof InvalidSchedule, `${JSON.stringify(expression)}: ${String(error)}`)
        }
        assert.ok(processorTime() - begun < 500, expression)
      }),
      { numRuns: 3_000 },
    )
    for (const long of ['H('.repeat(400), 'H(1-1)'.repeat(150), '1-'.repeat(400), '0'.repeat(900)]) {
      assert.throws(() => compileCron(`${long} * * * *`, 'x'), InvalidSchedule)
    }
  })

  it('never fires a slot that the clocks skip each year, and ends instead of searching for ever', () => {
    // Cairo skips 00:00 on the last Friday of each April.
    assert.equal(next('0 0-0 * 4 5L', 'Africa/Cairo', Date.UTC(2024, 0, 1)), null)
    assert.equal(shown(next('0 0 * 4 5L', 'Africa/Cairo', Date.UTC(2024, 0, 1))!), '2024-04-25T22:00Z moved')
  })

  it('ends with the year 9998', () => {
    assert.equal(next('* * * * *', 'UTC', Date.UTC(9999, 0, 1)), null)
    assert.equal(next('* * * * *', 'Europe/Berlin', 8.64e15), null)
    assert.equal(next('* * * * *', 'UTC', Number.POSITIVE_INFINITY), null)
  })

  it('takes an instant between two milliseconds', () => {
    assert.equal(next('* * * * *', 'UTC', 59_999.5)?.at, 60_000)
    assert.equal(next('* * * * *', 'UTC', 60_000.5)?.at, 120_000)
  })

  it('counts instants before 1970 as 1970', () => {
    assert.equal(next('0 0 * * *', 'UTC', Number.NEGATIVE_INFINITY)?.at, 0)
    assert.equal(next('0 0 * * *', 'America/New_York', -5 * DAY)?.at, 5 * 3_600_000)
  })
})

describe('H in a cron expression', () => {
  const minuteOf = (name: string, expression = 'H * * * *') =>
    new Date(next(expression, 'UTC', 0, name)!.at).getUTCMinutes()

  it('is the same at every parse of one name, whatever was parsed in between', () => {
    const names = Array.from({ length: 700 }, (_, i) => `job-${i}`) // more than are kept parsed
    const minutes = names.map((name) => minuteOf(name))
    assert.deepEqual(
      names.map((name) => minuteOf(name)),
      minutes,
    )
    assert.ok(new Set(minutes).size > 50, 'different names spread over the hour')
  })

  it('has the values it had in earlier versions: a new one must not move schedules', () => {
    assert.equal(shown(next('H H * * *', 'UTC', 0, 'daily-report')!), '1970-01-01T06:33Z')
    assert.equal(shown(next('H H(0-5) H * *', 'UTC', 0, 'cleanup')!), '1970-01-07T05:41Z')
    assert.equal(shown(next('H/15 * * * H', 'UTC', 0, 'cleanup')!), '1970-01-04T00:10Z')
  })

  it('keeps to its range, its step and to days that every month has', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const within = new Date(next('H(10-20) H(3-4) * * *', 'UTC', 0, name)!.at)
        assert.ok(within.getUTCMinutes() >= 10 && within.getUTCMinutes() <= 20)
        assert.ok(within.getUTCHours() === 3 || within.getUTCHours() === 4)
        const a = next('H/15 * * * *', 'UTC', DAY, name)!.at
        assert.equal(next('H/15 * * * *', 'UTC', a, name)!.at - a, 15 * 60_000)
        const months = new Set<number>()
        for (let at = 0; months.size < 12; ) {
          at = next('0 0 H * *', 'UTC', at, name)!.at
          assert.ok(at < 366 * DAY, 'fires in each month of the year')
          months.add(new Date(at).getUTCMonth())
        }
        assert.ok(next('0 0 * * H', 'UTC', 0, name)!.at <= 7 * DAY)
        assert.ok(next('0 0 * * H/7', 'UTC', 0, name)!.at <= 7 * DAY)
      }),
      { numRuns: 60 },
    )
  })

  it('a plain H in the hour field is a fixed hour, a stepped one is not', () => {
    assert.equal(compileCron('0 H * * *', 'x').fixedHours, true)
    assert.equal(compileCron('0 H(1-3) * * *', 'x').fixedHours, true)
    assert.equal(compileCron('0 H/3 * * *', 'x').fixedHours, false)
    assert.equal(compileCron('0 1,2 * * *', 'x').fixedHours, true)
    assert.equal(compileCron('0 1-2 * * *', 'x').fixedHours, false)
    assert.equal(compileCron('0 * * * *', 'x').fixedHours, false)
    assert.equal(compileCron('0 ? * * *', 'x').fixedHours, false)
    assert.equal(compileCron('0-5 1 * * *', 'x').fixedHours, true)
  })
})
