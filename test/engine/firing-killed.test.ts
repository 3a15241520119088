/** A process that fires is killed after each statement of a firing in turn: each slot is decided wholly or not at all. */
// Alone in its process: its clock makes ids of another time, from which later ones would go on.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import Database from 'better-sqlite3'
import { temporaryFolder } from '../fixtures/folder.ts'
import { programPath } from '../fixtures/program.ts'
import { layOut } from '../torture/power-cut/image.ts'
import { deaths, filesIn } from '../torture/watched/deaths.ts'
import { missingWatching } from '../torture/watched/library.ts'
import { record } from '../torture/watched/program.ts'
import { HOUR, T0, VirtualBeat } from './virtual-beat.ts'

/** A file with slots that are owed, and what it holds before and after a firing. */
function owed(folder: string) {
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
  const judge = (file: string, when: string): void => {
    const left = rowsOf(file)
    assert.ok(
      [begun, expected].some((rows) => isDeepStrictEqual(rows, left)),
      `half a firing ${when}: ${left}`,
    )
    assert.deepEqual(resultOf(file, time), expected, when)
  }
  return { base, time, judge }
}

const missing = missingWatching()

test('a death at each call of a firing that writes', { skip: missing ?? false }, async (t) => {
  const folder = realpathSync(temporaryFolder())
  const { base, time, judge } = owed(folder)
  const watched = join(folder, 'watched')
  mkdirSync(watched)
  const file = join(watched, 'jobs.db')
  copyFileSync(base, file)
  const found = filesIn(watched)
  const events = await record([programPath('firing-program'), file, `${time}`], watched)
  let count = 0
  for (const { at, files } of deaths(events, found)) {
    judge(layOut(files(), join(folder, 'left')), `at call ${at} of ${events.length}`)
    count++
  }
  t.diagnostic(`${count} deaths`)
  assert.ok(count > 20, `${count} deaths`)
})

test('kill -9 between two statements of a firing', (t) => {
  const folder = temporaryFolder()
  const { base, time, judge } = owed(folder)
  // A process each: all of them only where their deaths cannot be replayed.
  const step = missing === null ? 9 : 1
  let kills = 0
  for (let statements = 1; ; statements += step) {
    const file = join(folder, `${statements}.db`)
    copyFileSync(base, file)
    const { signal, stdout } = spawnSync(
      process.execPath,
      [programPath('firing-program'), file, `${time}`, `${statements}`],
      { encoding: 'utf8' },
    )
    if (signal !== 'SIGKILL') {
      assert.match(stdout, /survived/)
      break
    }
    kills++
    judge(file, `after ${statements} statements`)
  }
  t.diagnostic(`${kills} kills`)
  assert.ok(kills * step > 20, `${kills} kills`)
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
