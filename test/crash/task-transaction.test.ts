/** kill -9 among jobs that write in their own transaction: the effect is there exactly as often as the SUCCESS. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { layOut } from '../torture/power-cut/image.ts'
import { deaths, filesIn } from '../torture/watched/deaths.ts'
import { missingWatching } from '../torture/watched/library.ts'
import { record } from '../torture/watched/program.ts'
import { CrashRun, type Package, REAL_PACKAGE, type RunOptions } from './children.ts'
import { patchedPackage, removePatchedPackages } from './patched-package.ts'
import { integer, killsOfRun, type Random, seeded, seedOfRun } from './random.ts'

const KILLS = killsOfRun(16)
/** Jobs of a run that is recorded, and deaths of it that are looked at. */
const RECORDED = { jobs: 40, deaths: 200 }
const missing = missingWatching()

const runs: CrashRun[] = []
after(async () => {
  await Promise.all(runs.map((run) => run.end()))
  removePatchedPackages()
})

interface Ledger {
  successes: number
  effects: number
  /** Jobs that succeeded without their one effect, or whose effect is not that of the run that succeeded. */
  wrong: string[]
  integrity: string
}

/** What the file says while no process has it open. */
function read(database: string): Ledger {
  const db = new Database(database)
  try {
    const wrong = db
      .prepare(
        `SELECT j.id || ' ' || j.state || ', effects of ' || coalesce(group_concat(l.run), 'none') AS text
           FROM celeriac_jobs j LEFT JOIN ledger l ON l.job = j.id GROUP BY j.seq
           HAVING count(l.job) <> (j.state = 'SUCCESS')
             OR (j.state = 'SUCCESS' AND json_extract(j.result, '$') IS NOT max(l.run))`,
      )
      .pluck()
      .all() as string[]
    return {
      successes: db.prepare("SELECT count(*) FROM celeriac_jobs WHERE state = 'SUCCESS'").pluck().get() as number,
      effects: db.prepare('SELECT count(*) FROM ledger').pluck().get() as number,
      wrong,
      integrity: db.pragma('integrity_check', { simple: true }) as string,
    }
  } finally {
    db.close()
  }
}

function newRun(options: RunOptions = {}): CrashRun {
  const run = new CrashRun(options)
  runs.push(run)
  const db = new Database(run.database)
  db.exec('CREATE TABLE ledger (job TEXT NOT NULL, key TEXT NOT NULL, run TEXT NOT NULL) STRICT')
  db.close()
  return run
}

/** Starts the processes, leaves them alone for a moment and kills them all. */
async function killOnce(run: CrashRun, random: Random, processes: number): Promise<void> {
  const children = Array.from({ length: processes }, () => run.start('ledger', { seed: integer(random, 0, 2 ** 31) }))
  for (const child of children) await child.gives('working')
  await pause(5 + random() * 60)
  for (const child of children) assert.ok(await child.kill(), `it ended by itself: ${child.output}`)
}

describe("the task's own transaction under kill -9", { concurrency: 2 }, () => {
  for (const processes of [1, 2]) {
    test(`${processes === 1 ? 'one process' : 'two processes'}: an effect for each SUCCESS, a SUCCESS for each effect`, async (t) => {
      const seed = seedOfRun()
      t.diagnostic(`CRASH_SEED=${seed}`)
      const random = seeded(seed)
      const run = newRun()
      const kills = KILLS / 2
      for (let killed = 0; killed < kills; killed += processes) {
        await killOnce(run, random, processes)
        assert.deepEqual(read(run.database).wrong, [], `after ${killed + processes} kills, CRASH_SEED=${seed}`)
      }
      await run.finish('ledger', { last: true })
      const { successes, effects, wrong, integrity } = read(run.database)
      t.diagnostic(`${kills} kills, ${successes} jobs succeeded`)
      assert.deepEqual({ wrong, integrity }, { wrong: [], integrity: 'ok' }, `CRASH_SEED=${seed}`)
      assert.equal(effects, successes)
      assert.ok(successes > 0, 'no job succeeded')
    })
  }
})

/** What is wrong after each of so many deaths of one process, drawn from all that it may have died. */
async function wrongAfterDeaths(pkg: Package, seed: number): Promise<{ deaths: number; wrong: string[] }> {
  const run = newRun({ pkg })
  const program = join(pkg.root, 'dist/test/crash/children/ledger.js')
  const found = filesIn(run.folder)
  const orders = JSON.stringify({ seed, jobs: RECORDED.jobs })
  const env = { CRASH_DATABASE: run.database, CRASH_THREADS: String(run.threads) }
  const events = await record([program, orders], run.folder, { env })
  const random = seeded(seed)
  const share = RECORDED.deaths / events.length
  const wrong: string[] = []
  let looked = 0
  for (const { at, said, files } of deaths(events, found)) {
    // Until it works there is nothing to look at.
    if (said.length === 0 || random() >= share) continue
    looked++
    const left = read(layOut(files(), join(run.folder, 'left')))
    if (left.integrity !== 'ok') wrong.push(`call ${at}: integrity_check says ${left.integrity}`)
    wrong.push(...left.wrong.map((text) => `call ${at} of ${events.length}: ${text}`))
  }
  return { deaths: looked, wrong }
}

test('a death at any call that writes: an effect for each SUCCESS, a SUCCESS for each effect', {
  skip: missing ?? false,
}, async (t) => {
  const seed = seedOfRun()
  t.diagnostic(`CRASH_SEED=${seed}`)
  const { deaths, wrong } = await wrongAfterDeaths(REAL_PACKAGE, seed)
  assert.deepEqual(wrong.slice(0, 5), [], `CRASH_SEED=${seed}`)
  assert.ok(deaths > RECORDED.deaths / 2, `only ${deaths} deaths were looked at`)
})

test('planted: with the effect and SUCCESS in two transactions the difference is found', {
  skip: missing ?? false,
}, async (t) => {
  const pkg = patchedPackage([
    {
      file: 'store/task-transaction.js',
      find: 'const value = work(db);',
      put: `const value = work(db);
        db.exec('COMMIT; BEGIN IMMEDIATE; SAVEPOINT celeriac_task');`,
    },
  ])
  const { wrong } = await wrongAfterDeaths(pkg, 1)
  t.diagnostic(`${wrong.length} found: ${wrong[0]}`)
  assert.notEqual(wrong.length, 0)
})
