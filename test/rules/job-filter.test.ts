/** The text of a filter, and what its terms mean. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatJobFilter, type JobFilter, parseJobFilter, type State } from 'celeriac'
import fc from 'fast-check'
import { matchesGlob } from '../../lib/domain/job-filter.ts'
import { STATES } from '../../lib/domain/states.ts'
import { filterTerms } from '../../lib/options/filter-options.ts'

describe('the text of a filter', () => {
  test('is read term by term', () => {
    assert.deepEqual(
      parseJobFilter(' state:failure  task:send_* queue:mail tag:x error:"timed \\"out\\"" since:90m '),
      {
        state: 'FAILURE',
        task: 'send_*',
        queue: 'mail',
        tag: 'x',
        error: 'timed "out"',
        since: '1h30m',
      },
    )
    assert.deepEqual(parseJobFilter('state:failure,revoked until:2026-01-31T06:00 schedule:daily parent:p root:r'), {
      state: ['FAILURE', 'REVOKED'],
      until: new Date('2026-01-31T06:00:00Z'),
      schedule: 'daily',
      parent: 'p',
      root: 'r',
    })
    assert.deepEqual(parseJobFilter('task:"a b" error:x:y'), { task: 'a b', error: 'x:y' })
    assert.deepEqual(parseJobFilter(''), {})
  })

  test('is refused with the term that is wrong', () => {
    for (const [text, message] of [
      ['failure', /"failure", which is no name:value — write it like state:failure/],
      ['colour:red', /"colour", which is none of state, task/],
      ['task:a task:b', /has task twice/],
      ['task:', /no value after task:/],
      ['task:""', /no value after task:/],
      ['state:broken', /the state "BROKEN", which is none of SCHEDULED/],
      ['since:yesterday', /the filter's since: 'yesterday' is not a duration/],
      ['since:2026-13-45', /no date/],
      ['task:"open', /no name:value/],
      ['x'.repeat(3_000), /no text of at most/],
    ] as const)
      assert.throws(() => parseJobFilter(text), { code: 'INVALID_OPTION', message })
  })

  test('is written so that it reads back the same', () => {
    const text = fc.string({ minLength: 1, maxLength: 12 })
    const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
    const moment = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
    const filter = fc.record({
      state: optional(
        fc.subarray([...STATES], { minLength: 1 }).map((all) => (all.length === 1 ? (all[0] as State) : all)),
      ),
      task: optional(text),
      queue: optional(text),
      tag: optional(text),
      error: optional(text),
      since: optional(fc.oneof(moment, fc.constantFrom('1h', '2d3h', '250ms'))),
      until: optional(moment),
      schedule: optional(text),
      parent: optional(fc.uuid()),
      root: optional(fc.uuid()),
    })
    fc.assert(
      fc.property(filter, (one) => {
        const given = Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined)) as JobFilter
        assert.deepEqual(parseJobFilter(formatJobFilter(given)), given)
      }),
      { numRuns: 500 },
    )
  })
})

test('the terms of a filter are checked', () => {
  const terms = (filter: unknown) => filterTerms(filter as JobFilter, 'jobs()', 10_000_000)
  assert.deepEqual(
    [terms({ since: '1h' }).since, terms({ since: 5 }).since, terms({ until: new Date(7) }).until],
    [6_400_000, 5, 7],
  )
  for (const [filter, message] of [
    [{ stat: 'FAILURE' }, /no option "stat" — did you mean "state"/],
    [{ state: 'failure' }, /jobs\(\): state is 'failure' — allowed: one or several of SCHEDULED/],
    [{ state: [] }, /state is \[\]/],
    [{ since: 'soon' }, /since: 'soon' is not a duration/],
    [{ since: new Date('no') }, /since is Invalid Date/],
    [{ task: 3 }, /task is 3/],
    [{ error: '' }, /error is ''/],
    ['state:failure', /an object of options/],
  ] as const)
    assert.throws(() => terms(filter), { code: 'INVALID_OPTION', message })
})

test('only * stands for any text', () => {
  assert.ok(matchesGlob('send_mail', 'send_*') && matchesGlob('a.b.c', '*b*') && matchesGlob('ab', 'a*b'))
  assert.ok(matchesGlob('what?', 'what?') && !matchesGlob('whats', 'what?'))
  assert.ok(!matchesGlob('a', 'a*a') && !matchesGlob('send', 'send_*') && !matchesGlob('xsend_a', 'send_*'))
})
