/** The search over a full table: the same jobs as by looking at each, in pages of bounded work. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { type JobFilter, matchesGlob } from '../../lib/domain/job-filter.ts'
import { STATES, type State } from '../../lib/domain/states.ts'
import { filterTerms } from '../../lib/options/filter-options.ts'
import { Pace } from '../../lib/store/jobs/pace.ts'
import { Store } from '../../lib/store/store.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { type Connection, watched } from './watched.ts'

/** More than two windows of the walk, and more finished jobs than are ever gathered. */
const ROWS = 9_000
const START = 1_700_000_000_000

interface Row {
  seq: number
  id: string
  task: string
  queue: string
  state: State
  enqueuedAt: number
  parentId: string | null
  rootId: string | null
  schedule: string | null
  options: { tags: string[] } | null
  error: { name: string; message: string; stack: string } | null
}

const connections: Connection[] = []
const store = watched({ prepared: (_sql, db) => void connections.push(db) }, () => {
  return new Store(freshDatabase(), 'normal')
})
after(() => store.close())

const rows: Row[] = []
const insert = (
  connections[0] as Connection
).prepare(`INSERT INTO celeriac_jobs (seq, id, task, queue, state, priority, rank,
  enqueued_at, parent_id, root_id, schedule, codec, options, error, args) VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, 'json', ?, ?, '[]')`)
const claim = (connections[0] as Connection).prepare(
  'INSERT INTO celeriac_claims (seq, owner, token, started_at) VALUES (?, 1, 1, 0)',
)
store.write(() => {
  let seq = 0
  for (let i = 0; i < ROWS; i++) {
    // Gaps as pruning leaves them, one longer than a window.
    seq += i === 4_000 ? 7_000 : i % 7 === 0 ? 3 : 1
    const rare = i % 90 === 0 ? (STATES[(i / 90) % STATES.length] as State) : 'SUCCESS'
    const row: Row = {
      seq,
      id: `job-${i}`,
      task: i % 3 === 0 ? 'send_mail' : i % 3 === 1 ? 'send?mail' : 'report[1]',
      queue: i % 2 === 0 ? 'mail' : 'default',
      state: rare,
      enqueuedAt: START + i * 1_000,
      parentId: i % 50 === 1 ? `job-${i - 1}` : null,
      rootId: i % 50 > 0 && i % 50 < 4 ? `job-${i - (i % 50)}` : null,
      schedule: i % 400 === 7 ? 'daily' : null,
      options: i % 33 === 0 ? { tags: ['red', `t"${i % 2}`] } : null,
      error: i % 90 === 0 ? { name: 'Error', message: `Timed_out "${i % 4}"`, stack: 'at nowhere (stack.js)' } : null,
    }
    rows.push(row)
    const { id, task, queue, state, enqueuedAt, parentId, rootId, schedule, options, error } = row
    const json = (value: unknown) => (value === null ? null : JSON.stringify(value))
    const running = state === 'STARTED'
    if (running) claim.run(seq)
    insert.run(
      seq,
      id,
      task,
      queue,
      running ? 'PENDING' : state,
      enqueuedAt,
      parentId,
      rootId,
      schedule,
      json(options),
      json(error),
    )
  }
  connections[0]?.exec(`UPDATE celeriac_jobs SET run_at = 1 WHERE state IN ('SCHEDULED', 'RETRY');
    UPDATE celeriac_jobs SET blocked_on = 'key' WHERE state = 'BLOCKED';
    UPDATE celeriac_jobs SET finished_at = 1 WHERE state IN ('SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED')`)
})

function meant(filter: JobFilter): number[] {
  const terms = filterTerms(filter, 'test', START + ROWS * 1_000)
  return rows
    .filter((row) => {
      const text = row.error ? `${row.error.name}\0${row.error.message}`.toLowerCase() : ''
      return (
        (terms.states === null || terms.states.includes(row.state)) &&
        (terms.task === null || matchesGlob(row.task, terms.task)) &&
        (terms.queue === null || row.queue === terms.queue) &&
        (terms.since === null || row.enqueuedAt >= terms.since) &&
        (terms.until === null || row.enqueuedAt <= terms.until) &&
        (terms.schedule === null || row.schedule === terms.schedule) &&
        (terms.parent === null || row.parentId === terms.parent) &&
        (terms.root === null || row.rootId === terms.root || row.id === terms.root) &&
        (terms.tag === null || row.options?.tags.includes(terms.tag) === true) &&
        (terms.error === null || text.includes(terms.error.toLowerCase()))
      )
    })
    .map(({ seq }) => seq)
    .reverse()
}

function found(filter: JobFilter, limit: number, goOn: boolean): { seqs: number[]; pages: number } {
  const terms = filterTerms(filter, 'test', START + ROWS * 1_000)
  const seqs: number[] = []
  for (let pages = 1, at: number | null = null; ; pages++) {
    const page = store.search.page(terms, limit, at, new Pace(goOn ? 60_000 : 0, () => performance.now()))
    assert.ok(page.seqs.length <= limit)
    seqs.push(...page.seqs)
    if (page.next === null) return { seqs, pages }
    assert.ok(at === null || page.next < at, 'a page that goes nowhere')
    at = page.next
  }
}

describe('a search', () => {
  test('finds what looking at each job finds, whatever the filter and the page', () => {
    const some = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined })
    const filter = fc.record({
      state: fc.option(fc.subarray([...STATES], { minLength: 1 }), { nil: undefined }),
      task: some('send_mail', 'send*', 'send?mail', '*[1]', '*'),
      queue: some('mail', 'default', 'none'),
      tag: some('red', 't"0', 'none'),
      error: some('timed_OUT', 'timedXout', '"2"', 'stack.js', '%'),
      since: some<string | number>('1h', START + 5_000_000),
      until: some<string | number>('1h', START + 500_000),
      schedule: some('daily'),
      parent: some('job-100'),
      root: some('job-100', 'job-8950'),
    })
    fc.assert(
      fc.property(
        filter,
        fc.constantFrom(1, 30, 1_000),
        fc.boolean(),
        fc.integer({ min: 1, max: 1_023 }),
        (given, limit, goOn, kept) => {
          // Few terms at a time, or nothing is ever found.
          const terms = Object.entries(given).filter(([, value], i) => value !== undefined && ((kept >> i) & 1) === 1)
          const one = Object.fromEntries(terms) as JobFilter
          const expected = meant(one)
          assert.deepEqual(found(one, limit === 1 && expected.length > 200 ? 30 : limit, goOn).seqs, expected)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('of rare states reads no more than there are of them', () => {
    assert.ok(found({ state: ['FAILURE', 'EXPIRED'], task: 'nobody' }, 100, false).pages <= 2)
    assert.ok(found({ state: ['STARTED', 'PENDING', 'BLOCKED', 'SCHEDULED', 'RETRY'] }, 100, false).pages <= 2)
    assert.ok(found({ parent: 'job-100' }, 100, false).pages <= 2)
  })

  test('that must walk breaks off when it is told to, and says where to go on', () => {
    const { pages } = found({ task: 'nobody' }, 100, false)
    // One step of five hundred jobs a page, and one over the gap.
    assert.ok(pages > 15 && pages < 40, `${pages} pages`)
    assert.equal(found({ task: 'nobody' }, 100, true).pages, 1)
  })

  test('says as far back as when it has looked, when it broke off', () => {
    const terms = filterTerms({ task: 'nobody' }, 'test', START + ROWS * 1_000)
    const page = store.search.page(terms, 100, null, new Pace(0, () => 0))
    const left = rows.filter(({ seq }) => seq < (page.next as number))
    assert.equal(page.reached, left.at(-1)?.enqueuedAt)
    assert.equal(store.search.page(terms, 100, null, new Pace(1, () => 0)).reached, null)
  })

  test('makes steps that take a few milliseconds, however long a job takes', () => {
    for (const [perJob, least, most] of [
      [0.000_1, 9_500, 10_000],
      [0.01, 300, 500],
      [1, 100, 100],
    ] as const) {
      let clock = 0
      const pace = new Pace(1_000_000, () => clock)
      for (let i = 0; i < 20; i++) {
        clock += pace.step * perJob
        assert.ok(pace.goOn())
      }
      assert.ok(pace.step >= least && pace.step <= most, `${pace.step} jobs of ${perJob} ms`)
    }
  })
})
