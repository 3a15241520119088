import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextSlot, type Slot } from '../../lib/domain/schedule-spec.ts'
import { oracle } from './cron-oracle.ts'
import { compareWithOracle } from './cron-triples.ts'

const next = (expression: string, zone: string, after: number) =>
  nextSlot({ kind: 'cron', expression, timezone: zone }, 'x', after)

const shown = ({ at, movedByDst }: Slot) =>
  new Date(at).toISOString().replace(':00.000Z', 'Z') + (movedByDst ? ' moved' : '')

/** The slots after an instant, as text, by way of the given function. */
const slots = (step: (after: number) => Slot | null, after: string, count: number) => {
  const found: string[] = []
  for (let from = Date.parse(after); found.length < count; ) {
    const slot = step(from)
    assert.ok(slot !== null && slot.at > from, 'a later slot')
    found.push(shown(slot))
    from = slot.at
  }
  return found
}

describe('cron over changes of clocks', () => {
  // [what happens, expression, zone, after, the slots that follow]
  const cases: [string, string, string, string, string[]][] = [
    [
      'a fixed time in a gap fires once, after the gap',
      '30 2 * * *',
      'America/New_York',
      '2026-03-07T12:00Z',
      ['2026-03-08T07:00Z moved', '2026-03-09T06:30Z'],
    ],
    [
      'several fixed times in a gap fire once',
      '*/10 2 * * *',
      'Europe/Berlin',
      '2026-03-28T23:00Z',
      ['2026-03-29T01:00Z moved', '2026-03-30T00:00Z', '2026-03-30T00:10Z'],
    ],
    [
      'a moved time falls together with a named one',
      '0 2,3 * * *',
      'Europe/Berlin',
      '2026-03-28T23:00Z',
      ['2026-03-29T01:00Z', '2026-03-30T00:00Z', '2026-03-30T01:00Z'],
    ],
    [
      'a step in the gap is dropped',
      '0 */2 * * *',
      'America/New_York',
      '2026-03-08T04:30Z',
      ['2026-03-08T05:00Z', '2026-03-08T08:00Z', '2026-03-08T10:00Z'],
    ],
    [
      'a range in the gap is dropped',
      '30 2-3 * * *',
      'America/New_York',
      '2026-03-08T04:30Z',
      ['2026-03-08T07:30Z', '2026-03-09T06:30Z', '2026-03-09T07:30Z'],
    ],
    [
      'a fixed time shown twice fires the first time',
      '30 1 * * *',
      'America/New_York',
      '2026-11-01T04:00Z',
      ['2026-11-01T05:30Z', '2026-11-02T06:30Z'],
    ],
    [
      'asked within the second pass, it waits for the next day',
      '45 1 * * *',
      'America/New_York',
      '2026-11-01T06:40Z',
      ['2026-11-02T06:45Z'],
    ],
    [
      'a wildcard hour fires in both passes',
      '30 * * * *',
      'America/New_York',
      '2026-11-01T05:00Z',
      ['2026-11-01T05:30Z', '2026-11-01T06:30Z', '2026-11-01T07:30Z'],
    ],
    [
      'a range of hours fires in both passes',
      '0 1-2 * * *',
      'America/New_York',
      '2026-11-01T04:30Z',
      ['2026-11-01T05:00Z', '2026-11-01T06:00Z', '2026-11-01T07:00Z', '2026-11-02T06:00Z'],
    ],
    [
      'half an hour is skipped',
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T00:00Z',
      ['2026-10-03T15:30Z moved', '2026-10-04T15:15Z'],
    ],
    [
      'half an hour is doubled',
      '*/15 * * * *',
      'Australia/Lord_Howe',
      '2026-04-04T14:40Z',
      ['2026-04-04T14:45Z', '2026-04-04T15:00Z', '2026-04-04T15:15Z', '2026-04-04T15:30Z'],
    ],
    [
      'two hours are skipped',
      '15 1,2 * * *',
      'Antarctica/Troll',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00Z moved', '2026-03-29T23:15Z', '2026-03-30T00:15Z'],
    ],
    [
      'two hours are doubled',
      '0 2 * * *',
      'Antarctica/Troll',
      '2026-10-24T12:00Z',
      ['2026-10-25T00:00Z', '2026-10-26T02:00Z'],
    ],
    [
      'midnight is skipped in São Paulo',
      '0 0 * * *',
      'America/Sao_Paulo',
      '2018-11-03T12:00Z',
      ['2018-11-04T03:00Z moved', '2018-11-05T02:00Z'],
    ],
    [
      'midnight is skipped in Beirut',
      '0 0 * * *',
      'Asia/Beirut',
      '2026-03-28T12:00Z',
      ['2026-03-28T22:00Z moved', '2026-03-29T21:00Z'],
    ],
    [
      'midnight is skipped in Cairo, for the hours that pass it is not',
      '30 */12 * * *',
      'Africa/Cairo',
      '2026-04-23T12:00Z',
      ['2026-04-24T09:30Z', '2026-04-24T21:30Z'],
    ],
    [
      'midnight is skipped in Asuncion',
      '59 59 23 * * *',
      'America/Asuncion',
      '2023-09-30T12:00Z',
      ['2023-10-01T03:59:59.000Z', '2023-10-02T02:59:59.000Z'],
    ],
    [
      'a weekday whose midnight is skipped keeps its slot',
      '0 0 * * FRI',
      'Africa/Cairo',
      '2026-04-20T12:00Z',
      ['2026-04-23T22:00Z moved', '2026-04-30T21:00Z'],
    ],
    [
      'seconds go on through a gap',
      '*/30 59,0 * * * *',
      'Europe/Berlin',
      '2026-03-29T00:59:00Z',
      ['2026-03-29T00:59:30.000Z', '2026-03-29T01:00Z', '2026-03-29T01:00:30.000Z', '2026-03-29T01:59Z'],
    ],
    [
      'a zone that changed for good',
      '0 3 * * *',
      'Europe/Istanbul',
      '2016-09-06T12:00Z',
      ['2016-09-07T00:00Z', '2016-09-08T00:00Z'],
    ],
  ]
  for (const [title, expression, zone, after, expected] of cases) {
    it(`${title}: ${expression} in ${zone}`, () => {
      assert.deepEqual(
        slots((from) => next(expression, zone, from), after, expected.length),
        expected,
      )
      assert.deepEqual(
        slots((from) => oracle(expression, zone, from), after, expected.length),
        expected,
        'the oracle',
      )
    })
  }

  it('a daily entry fires once for every local date, in the zones that change most oddly', () => {
    const zones = ['Australia/Lord_Howe', 'Antarctica/Troll', 'America/Sao_Paulo', 'Asia/Beirut', 'Africa/Cairo']
    zones.push(
      'America/Asuncion',
      'Africa/Casablanca',
      'Pacific/Chatham',
      'America/Nuuk',
      'Asia/Gaza',
      'America/St_Johns',
    )
    for (const zone of zones) {
      const date = new Intl.DateTimeFormat('en-CA', { timeZone: zone })
      for (const expression of ['0 0 * * *', '15 2 * * *', '45 1 * * *', '30 23 * * *']) {
        let from = Date.UTC(2018, 5, 1)
        let days = 0
        let seen = ''
        while (from < Date.UTC(2019, 5, 1)) {
          const slot = next(expression, zone, from)
          assert.ok(slot !== null && slot.at > from)
          // 23:30 may move over midnight; the date it names is then the day before.
          const named = date.format(slot.movedByDst ? slot.at - 1_800_000 : slot.at)
          assert.ok(slot.movedByDst || named > seen, `${expression} ${zone} fired twice on ${named}`)
          seen = named
          days++
          from = slot.at
        }
        assert.ok(days === 365 || days === 366, `${expression} ${zone}: ${days} slots in a year`)
      }
    }
  })
})

describe('cron against the oracle', () => {
  const seed = Number(process.env.CRON_SEED ?? Math.floor(Math.random() * 2 ** 31))
  const count = Number(process.env.CRON_COUNT ?? 10_032) // 24 for each of the 418 zones

  it(`agrees on ${count} random triples near changes of clocks (CRON_SEED=${seed})`, (t) => {
    const result = compareWithOracle(({ expression, zone, after }) => next(expression, zone, after), { seed, count })
    assert.equal(result.checked, count)
    assert.ok(result.fired > count * 0.9, 'the oracle saw something to compare')
    assert.ok(count < 5_000 || result.moved > count / 200, `only ${result.moved} triples were moved by a gap`)
    t.diagnostic(JSON.stringify(result))
  })

  it('would notice a wrong answer, and says which', () => {
    const wrong = { at: 0, movedByDst: false }
    assert.throws(
      () => compareWithOracle(() => wrong, { seed: 1, count: 1 }),
      /after \d+ .* got 1970.*seed 1, triple 0/,
    )
    assert.throws(
      () =>
        compareWithOracle(
          () => {
            throw new Error('loop limit')
          },
          { seed: 1, count: 1 },
        ),
      /got threw Error: loop limit/,
    )
  })
})
