/** What pages are written with: lengths of time, sizes, schedules in words, values, and where a page stands. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { placeOf } from '../../lib/dashboard/place.ts'
import { scheduleInWords } from '../../lib/dashboard/schedule-words.ts'
import { bytes, percent, plural } from '../../lib/dashboard/show/figure.ts'
import { ago, duration } from '../../lib/dashboard/show/time.ts'
import { asLine, asText, isPlain, valueBlock } from '../../lib/dashboard/show/value.ts'
import { compileCron } from '../../lib/domain/cron.ts'

test('a length of time has one unit, or two', () => {
  const cases: [number, string][] = [
    [0, '< 1 ms'],
    [0.4, '< 1 ms'],
    [3.2, '3 ms'],
    [999, '999 ms'],
    [1_000, '1 s'],
    [1_240, '1.24 s'],
    [12_345, '12.3 s'],
    [60_000, '1 min'],
    [125_000, '2 min 5 s'],
    [3_600_000, '1 h'],
    [90 * 60_000, '1 h 30 min'],
    [76 * 3_600_000, '3 d 4 h'],
  ]
  for (const [milliseconds, text] of cases) assert.equal(duration(milliseconds), text)
  assert.equal(ago(new Date(0), 999), 'now')
  assert.equal(ago(new Date(0), 65_000), '1 min 5 s ago')
  assert.equal(ago(new Date(65_000), 0), 'in 1 min 5 s')
})

test('figures say how much they mean', () => {
  assert.deepEqual(
    [bytes(0), bytes(4_100), bytes(12_345_678), bytes(350_000_000_000)],
    ['0 B', '4.1 kB', '12.3 MB', '350 GB'],
  )
  assert.deepEqual(
    [percent(0, 0), percent(1, 100_000), percent(1, 30), percent(15, 100)],
    ['0 %', '< 0.1 %', '3.3 %', '15 %'],
  )
  assert.deepEqual(
    [plural(1, 'job'), plural(1_096, 'job'), plural(0, 'process', 'processes')],
    ['1 job', '1,096 jobs', '0 processes'],
  )
})

test('schedules are said in words, whatever is stored', () => {
  const said = (record: unknown): string => scheduleInWords(JSON.stringify(record), 'cleanup')
  assert.equal(
    said({ kind: 'cron', expression: '0 6 * * 1-5', timezone: 'Europe/Madrid' }),
    'At 06:00, Monday through Friday, Europe/Madrid',
  )
  const wall = (expression: string): string => new Date(compileCron(expression, 'cleanup').next(0)).toISOString()
  const hashed: [expression: string, words: string][] = [
    ['H 3 * * *', ''],
    ['H H(0-5) * * THU', ', only on Thursday'],
  ]
  for (const [expression, words] of hashed)
    assert.equal(
      said({ kind: 'cron', expression, timezone: 'UTC' }),
      `At ${wall(expression).slice(11, 16)}${words} (H), UTC`,
    )
  assert.equal(said({ kind: 'cron', expression: 'x y', timezone: 'UTC' }), 'By its expression, UTC')
  assert.equal(said({ kind: 'every', milliseconds: 90_000, anchor: 0 }), 'Every 1 min 30 s')
  assert.match(said({ kind: 'at', time: 0 }), /^Once, Thu,? 0?1 Jan 1970/)
  assert.equal(scheduleInWords('no JSON', 'x'), 'a spec that cannot be read')
})

describe('values', () => {
  test('are JSON where JSON keeps them, and what Node prints of them otherwise', () => {
    assert.equal(asText({ a: [1, 'x', null] }, 0), '{"a":[1,"x",null]}')
    assert.equal(asText(new Map([['a', new Date(0)]]), 0), "Map(1) { 'a' => 1970-01-01T00:00:00.000Z }")
    for (const value of [Number.NaN, 1n, undefined, new Date(), [() => {}], { a: Symbol('x') }])
      assert.equal(isPlain(value), false)
    assert.equal(isPlain({ a: [{ b: 'c' }] }), true)
    assert.equal(asLine('x'.repeat(50), 10), '"xxxxxxxxx…')
  })

  test('of any size and shape are shown as text, and cut', () => {
    const shown = String(valueBlock({ '<b>': `"'&<script>`, n: -1.5e3, yes: true }, null))
    assert.match(shown, /&quot;&lt;b&gt;&quot;<\/span>:/)
    assert.doesNotMatch(shown, /<b>|<script>/)
    const huge = String(valueBlock('y'.repeat(100_000), './result.json'))
    assert.ok(huge.length < 30_000)
    assert.match(huge, /<a href="\.\/result\.json" download>All 100002 characters<\/a>/)
    let deep: unknown = 1
    for (let i = 0; i < 500; i++) deep = [deep]
    assert.ok(String(valueBlock(deep, null)).length < 5_000)
  })
})

test('a page knows where it stands, however much of its path was taken off on the way', () => {
  const cases: [path: string, outer: string | null, base: string, inner: string, root: string, mount: string | null][] =
    [
      ['/', null, '', '/', './', ''],
      ['/task', null, '', '/task', './', ''],
      ['/task/', null, '', '/task/', '../', ''],
      ['/admin/celery', null, '/admin/celery', '/', './celery/', '/admin/celery'],
      ['/admin/celery/', null, '/admin/celery', '/', './', '/admin/celery'],
      ['/admin/celery/task/x', null, '/admin/celery', '/task/x', '../', '/admin/celery'],
      ['/task/x', '/admin/celery/task/x', '', '/task/x', '../', '/admin/celery'],
      ['/', '/admin/celery', '', '/', './celery/', '/admin/celery'],
      ['/', '/admin/celery/', '', '/', './', '/admin/celery'],
      ['/admin/celeriac', null, '/admin/celery', '/admin/celeriac', '../', ''],
    ]
  for (const [path, outer, base, inner, root, mount] of cases) {
    assert.deepEqual(placeOf(path, outer, base), { path: inner, root, mount }, `${path} ${outer} ${base}`)
  }
})
