/** A process that fires is killed after each statement of a firing in turn: each slot is decided wholly or not at all. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import Database from 'better-sqlite3'
import { temporaryFolder } from '../fixtures/folder.ts'
import { programPath } from '../fixtures/program.ts'
import { HOUR, T0, VirtualBeat } from './virtual-beat.ts'

test('kill -9 between any two statements of a firing', (t) => {
  const folder = temporaryFolder()
  const base = join(folder, 'base.db')
  const time = T0 + 3.5 * HOUR
  const before = new VirtualBeat(base)
  before.declare({
    allowed: { every: '1h', overlap: 'allow', misfire: 'all' },
    queued: { every: '1h' },
    skipped: { cron: '0 * * * *', overlap: 'skip' },
    once: { at: new Date(T0 + HOUR), maxRuns: 1 },
    cancelling: { every: '1h', overlap: 'cancelRunning' },
  })
  before.at(T0 + HOUR)
  before.begin('queued')
  before.begin('cancelling')
  before.at(T0 + 2 * HOUR)
  before.close()
  const begun = rowsOf(base)
  const expected = resultOf(base, time)
  assert.ok(expected.some((row) => row.includes('waiting')) && expected.some((row) => row.includes('coalesced')))

  let kills = 0
  for (let statements = 1; ; statements++) {
    const file = join(folder, `${statements}.db`)
    copyFileSync(base, file)
    const { signal, stdout } = spawnSync(
      process.execPath,
      [programPath('firing-program'), file, `${time}`, `${statements}`],
      {
        encoding: 'utf8',
      },
    )
    if (signal !== 'SIGKILL') {
      assert.match(stdout, /survived/)
      break
    }
    kills++
    const left = rowsOf(file)
    assert.ok(
      [begun, expected].some((rows) => isDeepStrictEqual(rows, left)),
      `half a firing after ${statements}: ${left}`,
    )
    assert.deepEqual(resultOf(file, time), expected, `after ${statements} statements`)
  }
  t.diagnostic(`${kills} kills`)
  assert.ok(kills > 20, `${kills} kills`)
})

/** What is in the file once the beat has done what is left to do. */
function resultOf(file: string, time: number): string[] {
  const copy = `${file}.done`
  copyFileSync(file, copy)
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`)
  const virtual = new VirtualBeat(copy, time)
  virtual.settle()
  virtual.close()
  return rowsOf(copy)
}

/** Every slot with the jobs that it has, and every job that has no slot. */
function rowsOf(file: string): string[] {
  const db = new Database(file)
  const slots = db
    .prepare(`SELECT ((slot - ${T0}) / ${HOUR}) || ' ' || schedule || ' ' || outcome || ' ' || (SELECT count(*) FROM celeriac_jobs j
        WHERE j.schedule = s.schedule AND j.scheduled_for = s.slot) || (job_id IS NULL OR EXISTS (SELECT 1 FROM celeriac_jobs WHERE id = job_id))
      FROM celeriac_slots s ORDER BY schedule, slot`)
    .pluck()
    .all() as string[]
  const stray = db
    .prepare(
      'SELECT id FROM celeriac_jobs j WHERE NOT EXISTS (SELECT 1 FROM celeriac_slots WHERE job_id = j.id AND schedule = j.schedule)',
    )
    .pluck()
    .all()
  assert.deepEqual(stray, [], 'every job has its slot')
  db.close()
  return slots
}
