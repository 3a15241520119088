/** No statement that is run for each job may read or sort more than it returns. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { PARTS } from '../../lib/store/reading/parts.ts'
import { Store } from '../../lib/store/store.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { type Connection, watched } from './watched.ts'

/** Statements that sort the few rows they return. */
const RARELY: [what: string, sql: RegExp][] = [
  [
    'what runs now, by queue',
    /WHERE j.seq IN \(SELECT seq FROM celeriac_claims\) ORDER BY j.queue, j.task, j.seq LIMIT/,
  ],
  ['the attempts of a job', /FROM celeriac_attempts WHERE job = \? ORDER BY ended_at, number$/],
  ['minutes folded into days', /^INSERT INTO celeriac_stats_daily .* GROUP BY day, task, queue/],
  ['spans of time', /FROM celeriac_stats_minute WHERE minute >= @from .* GROUP BY at$/],
  ['the totals of the last minutes', /FROM celeriac_stats_minute WHERE minute >= \? GROUP BY task, queue$/],
  ['some minutes by task', /FROM celeriac_stats_minute WHERE minute >= \? AND minute < \? GROUP BY task$/],
  ['minutes folded into totals', /^INSERT INTO celeriac_stats_total .* GROUP BY task, queue/],
  ['owners that have no row', /^SELECT DISTINCT owner FROM celeriac_claims/],
]

const statements = new Set<string>()
const connections: Connection[] = []
const store = watched(
  {
    prepared: (sql, db) => {
      connections.push(db)
      statements.add(sql)
    },
  },
  () => {
    const opened = new Store(freshDatabase(), 'full')
    for (const make of Object.values(PARTS)) make(connections[0] as Connection)
    // Statements that are prepared when they are first used.
    const claim = { seq: 1, owner: 1, token: 1, thread: 1, task: 't', queue: 'q' }
    for (const jobs of [16, 64]) {
      const successes = Array.from({ length: jobs }, () => ({ claim, startedAt: 0, result: null, ran: 0 }))
      opened.write(() => opened.settledBlocks.succeed(successes, 0))
    }
    return opened
  },
)
const db = connections[0] as Connection
after(() => store.close())

const oneLine = (sql: string): string => sql.replace(/\s+/g, ' ').trim()
const matches = (list: [string, RegExp][], sql: string): boolean =>
  list.some(([, pattern]) => pattern.test(oneLine(sql)))
const onJobs = [...statements].filter(
  (sql) => /\bceleriac_\w+/.test(sql) && !/^\s*(CREATE|PRAGMA)|sqlite_schema|json_each/.test(sql),
)

function planOf(sql: string): string[] {
  const positional = sql.match(/\?/g)?.length ?? 0
  const names = [...new Set(sql.match(/@\w+/g) ?? [])].map((name) => [name.slice(1), null])
  const values: unknown[] = Array(positional).fill(null)
  if (names.length > 0) values.push(Object.fromEntries(names))
  const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[]
  return rows.map(({ detail }) => detail)
}

describe('the plan of', () => {
  test('every statement is looked at', () => {
    assert.ok(onJobs.length >= 40, `${onJobs.length} statements`)
    for (const [what, pattern] of RARELY)
      assert.equal(onJobs.filter((sql) => pattern.test(oneLine(sql))).length, 1, `there is one statement for ${what}`)
  })

  test('no statement is compiled anew at each run, as a bare LIMIT parameter would have it', () => {
    const bare = [...statements].filter((sql) => /\b(LIMIT|OFFSET)\s+([?@:$]\w*)(?!\w*\s*\+)/i.test(sql))
    assert.deepEqual(bare.map(oneLine), [])
  })

  test('no index asks for one of three states or more by IN, which builds a table at each write', () => {
    const indexes = db.prepare("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").all() as {
      sql: string
    }[]
    assert.ok(indexes.length > 15, `${indexes.length} indexes`)
    assert.deepEqual(
      indexes.map(({ sql }) => sql).filter((sql) => /\bIN\s*\([^,)]*,[^,)]*,/i.test(sql)),
      [],
    )
  })

  for (const sql of onJobs) {
    test(oneLine(sql).slice(0, 110), () => {
      for (const step of planOf(sql)) {
        // A partial index holds unfinished jobs only; the table holds every job that ever was.
        assert.doesNotMatch(step, /^SCAN (celeriac_jobs|j)(?! USING (COVERING )?INDEX celeriac_jobs_)/, step)
        if (!matches(RARELY, sql)) assert.doesNotMatch(step, /TEMP B-TREE/, step)
        assert.doesNotMatch(step, /AUTOMATIC/, step)
      }
    })
  }
})
