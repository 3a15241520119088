/** What follows a job is there if and only if the job has ended, whoever is killed. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openLinked } from '../fixtures/link-tasks.ts'
import { Program } from '../fixtures/program.ts'
import { until } from '../fixtures/until.ts'

const ROUNDS = 6
const JOBS = 150

describe('a linked job', () => {
  test('is stored exactly once for each job that succeeded, through kill -9', async () => {
    const database = freshDatabase()
    const { app } = openLinked({ database })
    await using _ = app
    await app.start({ role: 'producer' })
    const db = new Database(database, { readonly: true })
    const count = (where: string): number =>
      db.prepare(`SELECT count(*) FROM celeriac_jobs WHERE ${where}`).pluck().get() as number
    for (let round = 1; round <= ROUNDS; round++) {
      const ended = count("state = 'SUCCESS'")
      const program = new Program('link-program', [database, `${JOBS}`, ''])
      await program.says('stored')
      await until(() => count("state = 'SUCCESS'") > ended + 10 * round, 'some results')
      program.child.kill('SIGKILL')
      // In the midst of everything: the file alone must say the truth.
      const orphans = "task = 'seen' AND parent_id NOT IN (SELECT id FROM celeriac_jobs WHERE state = 'SUCCESS')"
      assert.equal(count(orphans), 0, 'none before its time')
    }
    await app.stop()
    const { app: finisher } = openLinked({ database })
    await using __ = finisher
    await finisher.start()
    await until(() => count('finished_at IS NULL') === 0, 'the end of all', 60_000)
    assert.equal(count("task = 'add'"), ROUNDS * JOBS)
    // Who is the first in its line each time may have run under three of the kills, which ends it.
    const failed = db.prepare("SELECT error FROM celeriac_jobs WHERE state <> 'SUCCESS'").pluck().all() as string[]
    for (const error of failed) assert.equal(JSON.parse(error).name, 'WorkerLost')
    assert.ok(failed.length <= ROUNDS / 3, `${failed.length} jobs were lost with their processes`)
    const parents = count("task = 'add' AND state = 'SUCCESS'")
    assert.equal(count("task = 'seen'"), parents)
    const distinct = db.prepare("SELECT count(DISTINCT parent_id) FROM celeriac_jobs WHERE task = 'seen'").pluck()
    assert.equal(distinct.get(), parents)
    db.close()
  })

  test('of linkError is stored by the process that finds the dead one', async () => {
    const database = freshDatabase()
    const journal = new Journal()
    const program = new Program('link-program', [database, 'dies', journal.path])
    await program.says('stored')
    await journal.has(`dying in ${program.child.pid}`)
    const { app, seen } = openLinked({ database })
    await using _ = app
    const sent: string[] = []
    app.on('task-sent', ({ id }) => sent.push(id))
    await app.start()
    program.child.kill('SIGKILL')
    const child = await until(async () => {
      const { jobs } = await app.inspect.jobs({ parent: 'dying' })
      return jobs[0]?.finishedAt && jobs[0]
    }, 'what follows the death')
    const [id, error] = child.args as [string, { name: string }]
    assert.deepEqual([child.task, id, error.name], [seen.taskName, 'dying', 'WorkerLost'])
    await until(() => sent.length > 0, 'its event')
    assert.deepEqual(sent, [child.id])
  })
})
