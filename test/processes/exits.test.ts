/** A process ends by itself as soon as what it asked for is done, and by nothing else. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, test } from 'node:test'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Program } from '../fixtures/program.ts'
import { openApp } from '../fixtures/tasks.ts'

const stored = async (database: string): Promise<Record<string, number>> => {
  const { app } = openApp({ database })
  await using _ = app
  return (await app.inspect.stats()).states
}

describe('a process', () => {
  const cases: [way: string, output: RegExp, jobs: number][] = [
    ['only made', /^ended by itself\n$/, 0],
    ['awaited', /^[0-9a-f-]{36}\nended by itself\n$/, 1],
    ['not awaited', /^ended by itself\n$/, 1_000],
    ['stopped', /^\{"finished":0,"returned":0,"killed":0\}\nended by itself\n$/, 1],
    ['started and stopped', /^3\nended by itself\n$/, 1],
    ['timed out', /^ResultTimeout\nended by itself\n$/, 1],
    ['fails to start', /^InvalidOption\nended by itself\n$/, 0],
  ]
  for (const [way, output, jobs] of cases) {
    test(`whose app is ${way} ends by itself, with ${jobs} jobs stored`, async () => {
      const database = freshDatabase()
      const program = new Program('enqueue-program', [database, way])
      assert.equal(await program.ended(), 0, program.output)
      assert.match(program.output, output)
      const states = await stored(database)
      assert.equal(
        Object.values(states).reduce((sum, count) => sum + count, 0),
        jobs,
      )
      for (const file of readdirSync(dirname(database))) assert.match(file, /^jobs\.db(-wal|-shm)?$/)
    })
  }

  test('that waits for a result lives until it is there', async () => {
    const database = freshDatabase()
    const program = new Program('enqueue-program', [database, 'waits'])
    await program.says('waiting')
    const { app } = openApp({ database })
    await using _ = app
    await app.start()
    assert.equal(await program.ended(), 0, program.output)
    assert.equal(program.output, 'waiting\n3\nended by itself\n')
  })
})

test('a program in one file, that starts and enqueues at its top level, runs its tasks in threads and ends', async () => {
  const database = freshDatabase()
  const program = new Program('single-file', [database])
  assert.equal(await program.ended(), 0, program.output)
  assert.match(program.output, /^3\nhello ada\n\{"finished":\d+,"returned":0,"killed":0\}\n$/)
  const { app, add } = openApp({ database })
  await using _ = app
  await app.start()
  assert.deepEqual(
    (await app.inspect.stats()).states,
    { SUCCESS: 2 },
    'pool threads that import the file enqueue nothing',
  )
  assert.equal(await resultOf(await add.delay(1, 2)), 3)
})
