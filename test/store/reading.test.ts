/** What a reader's look costs does not grow with what is finished. */
// Alone in its process: measures the processor time of the process.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { Reading } from '../../lib/store/reading.ts'
import { Store } from '../../lib/store/store.ts'
import type { ChangeCursor } from '../../lib/wire/reading.ts'
import { freshDatabase } from '../fixtures/folder.ts'

const NOW = 1_800_000_000_000
const FEW = 2_000
const MANY = 200_000
/** What a look may take more with a hundred times the history, in ms; reading all of it takes ten times as long. */
const SLACK = 6

/** A file with some unfinished jobs, and so many finished ones before them. */
function fileWith(finished: number): string {
  const path = freshDatabase()
  new Store(path, 'normal').close()
  const db = new Database(path)
  db.pragma('synchronous = OFF')
  db.exec('BEGIN IMMEDIATE')
  const insert = db.prepare(`INSERT INTO celeriac_jobs
    (id, task, queue, state, priority, rank, enqueued_at, started_at, finished_at, attempt, codec, args, result)
    SELECT printf('%s-%07d', @prefix, value), 'task' || value % 5, 'queue' || value % 3, @state, 0, @at, @at, @at, @at, 1,
      'json', '[1,2]', '3'
    FROM json_each(@list)`)
  const list = (count: number): string => JSON.stringify(Array.from({ length: count }, (_, i) => i))
  for (let done = 0; done < finished; done += FEW) {
    const state = done % 20_000 === 0 ? 'FAILURE' : 'SUCCESS'
    insert.run({ prefix: `done${done}`, state, at: NOW - 1_000_000 + done, list: list(FEW) })
  }
  insert.run({ prefix: 'waiting', state: 'PENDING', at: NOW - 5_000, list: list(50) })
  db.exec("UPDATE celeriac_jobs SET finished_at = NULL WHERE state = 'PENDING'")
  db.exec(
    `INSERT INTO celeriac_counts SELECT state, count(*) FROM celeriac_jobs WHERE state <> 'PENDING' GROUP BY state`,
  )
  db.exec('COMMIT')
  db.close()
  return path
}

/** The least processor time of some runs, in ms. */
function cost(look: () => void): number {
  const runs = Array.from({ length: 9 }, () => {
    const before = process.cpuUsage()
    look()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  })
  return Math.min(...runs)
}

describe('a look at a file', () => {
  let few: Reading
  let many: Reading

  before(() => {
    few = new Reading(fileWith(FEW))
    many = new Reading(fileWith(MANY))
  })
  after(() => {
    few.close()
    many.close()
  })

  const terms = {
    states: null,
    task: null,
    queue: null,
    tag: null,
    error: null,
    since: null,
    until: null,
    schedule: null,
    parent: null,
    root: null,
  }
  let cursor: ChangeCursor | null = null
  const looks: Record<string, (reading: Reading) => unknown> = {
    overview: (reading) => reading.overview(NOW),
    throughput: (reading) => reading.throughput({ minutes: 60 }, NOW),
    totals: (reading) => reading.totals(),
    measures: (reading) => reading.measures(NOW),
    queues: (reading) => reading.queues(),
    workers: (reading) => reading.workers(NOW),
    schedules: (reading) => reading.schedules(),
    job: (reading) => reading.job('waiting-0000001'),
    'a page of jobs': (reading) => reading.jobs(terms, 50, null),
    'a page of failed jobs': (reading) => reading.jobs({ ...terms, states: ['FAILURE'] }, 50, null),
    'what happened': (reading) => {
      cursor = reading.eventsSince(cursor, NOW).cursor
    },
    file: (reading) => reading.file(),
  }

  for (const [name, look] of Object.entries(looks)) {
    test(`${name} costs no more with ${MANY} finished jobs than with ${FEW}`, () => {
      cursor = null
      const [least, most] = [cost(() => look(few)), cost(() => look(many))]
      assert.ok(most <= 3 * least + SLACK, `${most.toFixed(2)} ms instead of ${least.toFixed(2)}`)
    })
  }

  test('counts what is there', () => {
    const { states } = many.overview(NOW)
    assert.deepEqual([states.PENDING, states.SUCCESS + states.FAILURE], [50, MANY])
    assert.equal(many.jobs({ ...terms, states: ['FAILURE'] }, 50, null).jobs.length, 50)
  })
})
