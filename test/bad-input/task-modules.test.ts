/** Task modules that cannot be imported, and tasks that pool threads would not find: start() says so and leaves nothing. */
import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { Celeriac } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase, temporaryFolder } from '../fixtures/folder.ts'
import { openApp } from '../fixtures/tasks.ts'

const module = (name: string): URL => new URL(`../fixtures/modules/${name}.js`, import.meta.url)
const silent = { debug() {}, info() {}, warn() {}, error() {} }

function appOf(tasks: string | URL | (string | URL)[], database = freshDatabase()) {
  const app = new Celeriac({ database, tasks, concurrency: 1, logger: silent })
  const noop = app.task('noop', () => 1)
  return { app, noop, database }
}

describe('start() refuses a task module', () => {
  const missing = join(temporaryFolder(), 'tasks.js')
  const cases: [name: string, tasks: string | URL | (string | URL)[], expected: { code: string; message: RegExp }][] = [
    [
      'that throws',
      module('throws'),
      { code: 'TASK_MODULE_FAILED', message: /throws\.js in a pool thread failed: the configuration has no key$/ },
    ],
    [
      'that rejects',
      module('rejects'),
      { code: 'TASK_MODULE_FAILED', message: /rejects\.js in a pool thread failed: no connection$/ },
    ],
    [
      'that ends the thread',
      module('exits'),
      { code: 'TASK_MODULE_FAILED', message: /a pool thread ended while it started/ },
    ],
    [
      'that is not there',
      missing,
      { code: 'TASK_MODULE_NOT_FOUND', message: /tasks\.js does not exist — check the "tasks" option/ },
    ],
    [
      'that is not there, beside one that is',
      [module('empty'), missing],
      { code: 'TASK_MODULE_NOT_FOUND', message: /does not exist/ },
    ],
    ['that does not declare the task', module('empty'), { code: 'TASK_NOT_IN_MODULES', message: /"noop"/ }],
  ]
  for (const [name, tasks, expected] of cases) {
    test(name, async () => {
      const { app, database } = appOf(tasks)
      const crashed: Error[] = []
      app.on('engine-crashed', ({ error }) => void crashed.push(error))
      await assert.rejects(app.start(), expected)
      assert.deepEqual(crashed, [], 'the rejection has said it')
      assert.deepEqual(readdirSync(dirname(database)), ['jobs.db'])
    })
  }
})

test('the message of a module in TypeScript that this Node cannot run says what helps', async () => {
  const path = join(temporaryFolder(), 'tasks.ts')
  // Node 20 reads no .ts, later ones read no enum.
  writeFileSync(path, 'enum Colour { Red }\nexport default Colour')
  const { app } = appOf(path)
  await assert.rejects(app.start(), {
    code: 'TASK_MODULE_FAILED',
    message: /tasks\.ts.* — Node [\d.]+ cannot run it as it is: .+ "pool\.execArgv" \(README, "TypeScript/s,
  })
})

test("the cause is the module's own error", async () => {
  const { app } = appOf(module('throws'))
  await assert.rejects(app.start(), (error: Error) => {
    assert.ok(error.cause instanceof RangeError)
    assert.match(error.cause.stack!, /modules\/throws\.js/)
    return true
  })
})

test('what was stored before a start that failed is still there for one that does not', async () => {
  const { app, noop, database } = appOf(module('throws'))
  const before = await noop.delay()
  await assert.rejects(app.start())
  const after = await noop.delay()
  assert.equal(await before.state(), 'PENDING')
  await app.stop()
  const { app: other } = openApp({ database })
  await using _ = other
  await other.start()
  assert.deepEqual(
    [await other.result(before.id).state(), await other.result(after.id).state()],
    ['PENDING', 'PENDING'],
  )
})

test('those who wait during a start that fails are told', async () => {
  const { app, noop } = appOf(module('throws'))
  const handle = await noop.delay()
  const waiting = assert.rejects(handle.get())
  await assert.rejects(app.start())
  await waiting
})

test('a task that is declared after start() runs only where the modules know it', async () => {
  const { app, add } = openApp({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const late = app.task('late', () => 1)
  await assert.rejects(resultOf(await late.delay()), (error: Error) => {
    assert.match(
      (error.cause as Error).message,
      /task "late" is not declared in this thread — declare it in a module of "tasks"/,
    )
    return true
  })
  assert.equal(await resultOf(await add.delay(1, 2)), 3)
})
