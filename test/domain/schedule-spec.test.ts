import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  latestSlot,
  nextSlot,
  parseSchedule,
  restoreSchedule,
  type ScheduleRecord,
  type ScheduleSpec,
} from '../../lib/domain/schedule-spec.ts'
import { timeZone } from '../../lib/domain/time-zone.ts'
import { InvalidOption, InvalidSchedule } from '../../lib/errors.ts'

const SECOND = 1_000
const HOUR = 3_600_000
const DAY = 24 * HOUR

const parse = (spec: object, timezone = 'UTC') => parseSchedule('nightly', spec as ScheduleSpec, { timezone })

const refused = (run: () => unknown, reason: RegExp) =>
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof InvalidSchedule, String(error))
    assert.match(error.message, reason)
    return true
  })

describe('parseSchedule', () => {
  it('writes out what was implied, as plain JSON', () => {
    const cases: [object, ScheduleRecord][] = [
      [{ cron: ' 0  6 * * * ' }, { kind: 'cron', expression: '0 6 * * *', timezone: 'Europe/Madrid' }],
      [
        { cron: '@daily', timezone: 'Asia/Tokyo' },
        { kind: 'cron', expression: '@daily', timezone: 'Asia/Tokyo' },
      ],
      [{ every: '15m' }, { kind: 'every', milliseconds: 900_000, anchor: 0 }],
      [
        { every: 1_500, anchor: new Date(7) },
        { kind: 'every', milliseconds: 1_500, anchor: 7 },
      ],
      [
        { every: '1d', anchor: '2026-01-01T06:00' },
        { kind: 'every', milliseconds: DAY, anchor: Date.UTC(2026, 0, 1, 5) },
      ],
      [{ at: new Date(5) }, { kind: 'at', time: 5 }],
      [{ at: 1.5 }, { kind: 'at', time: 1 }],
    ]
    for (const [spec, record] of cases) {
      const schedule = parse(spec, 'Europe/Madrid')
      assert.deepStrictEqual(schedule.record, record)
      assert.equal(schedule.name, 'nightly')
      const stored: unknown = JSON.parse(JSON.stringify(schedule.record))
      const again = restoreSchedule('nightly', stored)
      assert.deepStrictEqual(again.record, record)
      for (const after of [0, 1, Date.UTC(2026, 2, 29), -1]) assert.deepEqual(again.next(after), schedule.next(after))
    }
  })

  it('wants exactly one of cron, every and at', () => {
    refused(() => parse({}), /^Schedule 'nightly': give exactly one of cron, every and at; found none of them$/)
    refused(() => parse({ cron: undefined }), /found none/)
    refused(() => parse({ cron: '* * * * *', every: '1m' }), /found cron and every$/)
    refused(() => parse({ cron: '* * * * *', every: '1m', at: 0 }), /found cron and every and at$/)
  })

  it('wants a name, which seeds H', () => {
    refused(() => parseSchedule('', { every: '1m' }, { timezone: 'UTC' }), /name/)
    refused(() => parseSchedule(5 as never, { every: '1m' }, { timezone: 'UTC' }), /name/)
  })

  it('refuses a value of another type', () => {
    refused(() => parse({ cron: 5 }), /cron is a text, not 5/)
    refused(() => parse({ cron: null }), /cron is a text, not null/)
    refused(() => parse({ every: null }), /every: null is not a duration/)
    refused(() => parse({ at: {} }), /at is \{\}; give a Date/)
  })

  it('refuses an unknown time zone, also where none is needed, and offsets', () => {
    for (const timezone of ['Europe/Atlantis', '', 'local', '+02:00', '-01:00', 'UTC ', 5, null, 'a'.repeat(500)]) {
      refused(() => parse({ cron: '* * * * *', timezone }), /is no time zone; give an IANA name/)
      refused(() => parse({ every: '1m', timezone }), /is no time zone/)
    }
    refused(() => parse({ cron: '* * * * *' }, 'Mars/Olympus'), /'Mars\/Olympus' is no time zone/)
  })

  it('refuses periods below 1 s, broken ones and no duration', () => {
    refused(() => parse({ every: 999 }), /every is 999; the shortest period is 1s/)
    refused(() => parse({ every: '0s' }), /every is '0s'/)
    refused(() => parse({ every: 1_000.5 }), /whole milliseconds/)
    refused(() => parse({ every: '10' }), /every: '10' is not a duration/)
    refused(() => parse({ every: '1m', anchor: 'soon' }), /anchor is 'soon'/)
    refused(() => parse({ cron: '* * * * *', anchor: 0 }), /anchor belongs to every/)
    try {
      parse({ every: 'abc' })
    } catch (error) {
      assert.ok((error as Error).cause instanceof InvalidOption)
    }
    assert.equal(parse({ every: 1_000 }).next(0)?.at, 1_000)
  })

  describe('at', () => {
    for (const [text, zone, expected] of [
      ['2026-03-01T09:00Z', 'Asia/Tokyo', '2026-03-01T09:00:00.000Z'],
      ['2026-03-01T09:00+02:00', 'Asia/Tokyo', '2026-03-01T07:00:00.000Z'],
      ['2026-03-01T09:00:05.25-0330', 'Asia/Tokyo', '2026-03-01T12:30:05.250Z'],
      ['2026-03-01T09:00:05.123456789Z', 'UTC', '2026-03-01T09:00:05.123Z'],
      ['2026-03-01T09:00', 'Asia/Tokyo', '2026-03-01T00:00:00.000Z'],
      ['2026-03-01 09:00:01', 'UTC', '2026-03-01T09:00:01.000Z'],
      ['2026-03-01', 'Europe/Madrid', '2026-02-28T23:00:00.000Z'],
      ['2026-03-29T02:30', 'Europe/Madrid', '2026-03-29T01:00:00.000Z'],
      ['2026-10-25T02:30', 'Europe/Madrid', '2026-10-25T00:30:00.000Z'],
      ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
    ] as const) {
      it(`reads ${text} in ${zone} as ${expected}`, () => {
        assert.equal(new Date(parse({ at: text }, zone).next(0)!.at).toISOString(), expected)
      })
    }
    for (const at of [
      'tomorrow',
      '',
      '2026-02-30',
      '2026-13-01',
      '2026-01-01T24:00',
      '2026-01-01T10:60',
      '2026-01-01T10:00+99:00',
      '01/02/2026',
      '2026-01-01T10',
      '1999',
      '0001-01-01',
      Number.NaN,
      Infinity,
      8.65e15,
      new Date('nope'),
      true,
      [],
    ]) {
      it(`refuses ${String(at)} (${typeof at})`, () => refused(() => parse({ at }), /^Schedule 'nightly': at is /))
    }
  })
})

describe('restoreSchedule', () => {
  it('refuses what parseSchedule would not have made, always as InvalidSchedule', () => {
    const records: unknown[] = [null, undefined, 5, 'cron', [], {}, { kind: 'weekly' }]
    records.push({ kind: 'cron', expression: '', timezone: 'UTC' }, { kind: 'cron', expression: 5, timezone: 'UTC' })
    records.push({ kind: 'cron', expression: '* * * * *' }, { kind: 'cron', expression: '* * * * *', timezone: 'X/Y' })
    records.push({ kind: 'every', milliseconds: 0, anchor: 0 }, { kind: 'every', milliseconds: 5_000 })
    records.push({ kind: 'every', milliseconds: 5_000, anchor: 0.5 }, { kind: 'at' }, { kind: 'at', time: '2026' })
    for (const record of records) refused(() => restoreSchedule('nightly', record), /^Schedule 'nightly': /)
    fc.assert(
      fc.property(fc.anything(), (record) => refused(() => restoreSchedule('nightly', record), /^Schedule/)),
      { numRuns: 500 },
    )
  })
})

describe('nextSlot of every', () => {
  it('lies on the grid of its anchor, strictly after, within one period', () => {
    const instant = fc.integer({ min: -8e15, max: 8e15 })
    const record = fc.record({
      kind: fc.constant('every' as const),
      milliseconds: fc.oneof(fc.integer({ min: 1_000, max: 1e9 }), fc.integer({ min: 1_000, max: 6e14 })),
      anchor: fc.integer({ min: -1e14, max: 8e14 }),
    })
    fc.assert(
      fc.property(record, instant, (every, after) => {
        const slot = nextSlot(every, 'x', after)
        const exact = BigInt(after) - BigInt(every.anchor)
        const period = BigInt(every.milliseconds)
        const steps = exact >= 0n ? exact / period + 1n : -((-exact + period - 1n) / period) + 1n
        const expected = BigInt(every.anchor) + steps * period
        if (expected > 8_640_000_000_000_000n) assert.equal(slot, null)
        else assert.deepEqual(slot, { at: Number(expected), movedByDst: false })
      }),
      { numRuns: 3_000 },
    )
  })

  it('does not drift, whenever it is asked', () => {
    const schedule = parse({ every: '7s' })
    let from = 1_234_567
    for (let i = 0; i < 1_000; i++) {
      const at = schedule.next(from + (i % 7))!.at
      assert.equal(at % 7_000, 0)
      assert.ok(at > from)
      from = at
    }
  })

  it('ends where dates end', () => {
    assert.equal(nextSlot({ kind: 'every', milliseconds: DAY, anchor: 0 }, 'x', 8.64e15), null)
    assert.equal(nextSlot({ kind: 'every', milliseconds: DAY, anchor: 0 }, 'x', Infinity), null)
  })
})

describe('nextSlot of at', () => {
  it('is there once', () => {
    const { next } = parse({ at: 5_000 })
    assert.deepEqual(next(4_999), { at: 5_000, movedByDst: false })
    assert.equal(next(5_000), null)
    assert.deepEqual(next(-Infinity), { at: 5_000, movedByDst: false })
  })
})

it('nextSlot refuses NaN, which compares with nothing', () => {
  assert.throws(() => nextSlot({ kind: 'at', time: 1 }, 'x', Number.NaN), RangeError)
})

describe('latestSlot', () => {
  const records: ScheduleRecord[] = [
    { kind: 'every', milliseconds: 7_001, anchor: 13 },
    { kind: 'at', time: Date.UTC(2026, 2, 29, 1) },
    ...['*/7 * * * *', '30 2 * * *', '0 */2 * * *', '* 1 * * *', '0 0 L * *', '*/20 0 3 * * SUN'].flatMap(
      (expression) =>
        ['UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/New_York'].map(
          (timezone) => ({ kind: 'cron', expression, timezone }) as const,
        ),
    ),
  ]

  it('is what walking from slot to slot ends with', () => {
    const begin = Date.UTC(2026, 2, 27)
    fc.assert(
      fc.property(fc.constantFrom(...records), fc.nat(3 * DAY), fc.nat(2 * DAY), (record, start, length) => {
        const after = begin + start
        const until = after + length
        let last = null
        for (let slot = nextSlot(record, 'x', after); slot !== null && slot.at <= until; ) {
          last = slot
          slot = nextSlot(record, 'x', slot.at)
        }
        assert.deepEqual(latestSlot(record, 'x', after, until), last)
      }),
      { numRuns: 60 },
    )
  })

  it('takes few steps for a year of seconds, and for no end', () => {
    const everySecond: ScheduleRecord = { kind: 'cron', expression: '* * * * * *', timezone: 'Europe/Berlin' }
    const until = Date.UTC(2026, 5, 1)
    assert.equal(latestSlot(everySecond, 'x', until - 365 * DAY, until)?.at, until)
    assert.equal(latestSlot(everySecond, 'x', until - 365 * DAY, until - 1)?.at, until - SECOND)
    assert.equal(latestSlot(everySecond, 'x', until, until), null)
    assert.equal(latestSlot({ kind: 'at', time: 9 }, 'x', 0, Infinity)?.at, 9)
    assert.equal(latestSlot({ kind: 'every', milliseconds: DAY, anchor: 0 }, 'x', 0, Infinity)?.at, 8.64e15)
  })
})

describe('timeZone', () => {
  it('finds each change of clocks to the second, both ways', () => {
    const zone = timeZone('Australia/Lord_Howe')
    assert.ok(zone !== null)
    const change = Date.UTC(2026, 9, 3, 15, 30)
    assert.equal(zone.nextChange(Date.UTC(2026, 5, 1), Date.UTC(2027, 0, 1)), change)
    assert.equal(zone.nextChange(Date.UTC(2026, 5, 1), change), change)
    assert.equal(zone.nextChange(Date.UTC(2026, 5, 1), change - 1), null)
    assert.equal(zone.nextChange(change, change + DAY), null)
    assert.equal(zone.offsetAt(change - 1), 10.5 * HOUR)
    assert.equal(zone.offsetAt(change), 11 * HOUR)
  })

  it('sees two changes of one week', () => {
    const zone = timeZone('America/Recife')
    assert.ok(zone !== null)
    const begin = zone.nextChange(Date.UTC(2000, 8, 1), Date.UTC(2000, 11, 1))
    assert.equal(begin, Date.UTC(2000, 9, 8, 3))
    assert.equal(zone.nextChange(begin, Date.UTC(2000, 11, 1)), Date.UTC(2000, 9, 15, 2))
  })

  it('keeps to what Intl says about any instant, after any other questions', () => {
    const names = ['Europe/Berlin', 'Africa/Casablanca', 'Asia/Kathmandu', 'Pacific/Apia', 'America/Nuuk', 'UTC']
    const instant = fc.integer({ min: 0, max: Date.UTC(2040, 0, 1) })
    fc.assert(
      fc.property(fc.constantFrom(...names), instant, (name, at) => {
        const text = new Intl.DateTimeFormat('sv-SE', {
          timeZone: name,
          dateStyle: 'short',
          timeStyle: 'medium',
        }).format(at)
        const wall = Date.parse(`${text.replace(' ', 'T')}Z`)
        assert.equal(timeZone(name)!.offsetAt(at), wall - Math.floor(at / SECOND) * SECOND)
      }),
      { numRuns: 1_000 },
    )
  })

  it('knows a day that was left out', () => {
    // Samoa went from 29 December 2011 to the 31st.
    const { at, inGap } = timeZone('Pacific/Apia')!.instantOf(Date.UTC(2011, 11, 30, 12))
    assert.deepEqual({ at, inGap }, { at: Date.UTC(2011, 11, 30, 10), inGap: true })
  })

  it('knows more zones than it keeps', () => {
    for (const name of Intl.supportedValuesOf('timeZone')) assert.ok(timeZone(name) !== null, name)
    assert.equal(timeZone('Europe/Berlin')!.offsetAt(Date.UTC(2026, 6, 1)), 2 * HOUR)
  })
})
