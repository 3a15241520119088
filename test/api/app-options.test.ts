/** The constructor's options: what is wrong is refused with its name, the value and what is allowed. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { Celeriac, type CeleriacOptions, InvalidOption } from 'celeriac'
import { freshDatabase } from '../fixtures/folder.ts'

const refused: [options: unknown, message: RegExp][] = [
  [{ databse: 'x.db' }, /no option "databse" — did you mean "database"\? Known options: name, database, tasks/],
  [{ colour: 'red' }, /^new Celeriac\(\) has no option "colour" Known options: /],
  ['x.db', /^new Celeriac\(\) is 'x\.db' — allowed: an object of options/],
  [null, /^new Celeriac\(\) is null — allowed/],
  [[], /^new Celeriac\(\) is \[\] — allowed/],
  [{ name: '' }, /^name is '' — allowed: a text of 1 to 200 characters/],
  [{ name: 'a\nb' }, /^name is 'a\\nb' — allowed: .* without control characters/],
  [{ name: 'x'.repeat(201) }, /^name is 'x+/],
  [{ database: 5 }, /^database is 5 — allowed: the path of a file/],
  [{ database: '' }, /^database is '' — allowed/],
  [{ database: 'a\0b' }, /^database is /],
  [{ database: ':memory:' }, /^database is ':memory:' — .*cannot live in memory/],
  [{ database: 'file:x?mode=memory' }, /^database is /],
  [{ tasks: 5 }, /^tasks is 5 — allowed: a URL, import\.meta\.url, a path, or an array of them/],
  [{ tasks: [''] }, /^tasks is ''/],
  [{ tasks: 'data:text/javascript,1' }, /^tasks is 'data:.* — allowed: a module on disk/],
  [{ tasks: new URL('https://example.org/tasks.js') }, /^tasks is .* — allowed: a module on disk/],
  [{ tasks: new URL('data:text/javascript,1') }, /^tasks is .* — allowed: a module on disk/],
  [{ tasks: 'file://elsewhere/tasks.js' }, /^tasks is .* — allowed: a file: URL that leads to a module of this host/],
  [{ timezone: 'Europe/Atlantis' }, /^timezone is 'Europe\/Atlantis' — allowed: an IANA time zone/],
  [{ timezone: 5 }, /^timezone is 5/],
  [{ concurrency: 0 }, /^concurrency is 0 — allowed: an integer from 1 to 512/],
  [{ concurrency: 1.5 }, /^concurrency is 1\.5/],
  [{ concurrency: '4' }, /^concurrency is '4'/],
  [{ durability: 'none' }, /^durability is 'none' — allowed: 'full' or 'normal'/],
  [{ queues: [] }, /^queues is \[\] — allowed: an object of queue options by name/],
  [{ queues: { mail: { concurency: 1 } } }, /^queues\.mail has no option "concurency" — did you mean "concurrency"\?/],
  [{ queues: { mail: { concurrency: -1 } } }, /^queues\.mail\.concurrency is -1 — allowed: an integer of at least 1/],
  [{ pool: 4 }, /^pool is 4 — allowed: an object of options/],
  [{ pool: { minThread: 1 } }, /^pool has no option "minThread" — did you mean "minThreads"\?/],
  [{ concurrency: 2, pool: { minThreads: 3 } }, /^pool\.minThreads is 3, more than concurrency \(2\)/],
  [{ pool: { idleTimeout: 'soon' } }, /^pool\.idleTimeout: 'soon' is not a duration; give a number of milliseconds/],
  [{ pool: { maxTasksPerThread: 0 } }, /^pool\.maxTasksPerThread is 0/],
  [{ pool: { resourceLimits: { maxHeap: 1 } } }, /^pool\.resourceLimits has no option "maxHeap"/],
  [
    { pool: { resourceLimits: { stackSizeMb: -1 } } },
    /^pool\.resourceLimits\.stackSizeMb is -1 — allowed: a number of megabytes/,
  ],
  [{ pool: { execArgv: '--inspect' } }, /^pool\.execArgv is '--inspect' — allowed: an array of texts/],
  [{ pool: { env: 'PATH' } }, /^pool\.env is 'PATH' — allowed: an object of texts/],
  [{ pool: { env: { DEBUG: 1 } } }, /^pool\.env\.DEBUG is 1 — allowed: a text/],
  [{ taskDefaults: { prioritty: 1 } }, /^taskDefaults has no option "prioritty" — did you mean "priority"\?/],
  [{ taskDefaults: { priority: 10 } }, /^taskDefaults: priority is 10 — allowed: an integer from 0 to 9/],
  [{ maxPayload: 0 }, /^maxPayload is 0/],
  [{ shutdown: { drain: '15 s' } }, /^shutdown\.drain: '15 s' is not a duration/],
  [{ shutdown: { wait: 1 } }, /^shutdown has no option "wait"/],
  [{ logger: { info() {} } }, /^logger is .* — allowed: an object with the functions debug, info, warn and error/],
]

for (const [options, message] of refused) {
  test(`refuses ${inspectable(options)}`, () => {
    assert.throws(
      () => new Celeriac(options as CeleriacOptions),
      (error) => {
        assert.ok(error instanceof InvalidOption)
        assert.equal(error.code, 'INVALID_OPTION')
        assert.match(error.message, message)
        return true
      },
    )
  })
}

test('takes every documented option, and touches neither the file nor a thread', () => {
  const database = freshDatabase()
  const app = new Celeriac({
    name: 'shop',
    database,
    tasks: [import.meta.url, new URL(import.meta.url), 'dist/tasks.js', `${import.meta.url}?two`],
    timezone: 'Europe/Madrid',
    concurrency: 4,
    durability: 'normal',
    queues: { mail: { concurrency: 2 }, other: {} },
    pool: {
      minThreads: 0,
      idleTimeout: '1m30s',
      maxTasksPerThread: 100,
      resourceLimits: { maxOldGenerationSizeMb: 64 },
      execArgv: [],
      env: { A: 'b' },
    },
    taskDefaults: { queue: 'mail', retry: 3 },
    maxPayload: 1_000,
    shutdown: { drain: 100, grace: '1s' },
    logger: console,
  })
  assert.equal(app.name, 'shop')
  app.task('one', () => {})
  app.task('two', { queue: 'other', retry: 1 }, () => {})
  assert.deepEqual(
    app.inspect.registered().map(({ name, queue, maxRetries }) => ({ name, queue, maxRetries })),
    [
      { name: 'one', queue: 'mail', maxRetries: 3 },
      { name: 'two', queue: 'other', maxRetries: 1 },
    ],
  )
  assert.equal(existsSync(database), false)
  assert.equal(new Celeriac().name, 'celeriac')
})

test('an app of pool tasks without "tasks" says so at start', async () => {
  const app = new Celeriac({ database: freshDatabase() })
  app.task('lonely', () => {})
  await assert.rejects(app.start(), {
    code: 'INVALID_OPTION',
    message: /"tasks" is not given.*"lonely".*import\.meta\.url/,
  })
})

test('start() and stop() check their options', async () => {
  const app = new Celeriac({ database: freshDatabase() })
  await assert.rejects(app.start({ role: 'boss' } as never), {
    code: 'INVALID_OPTION',
    message: "start(): role is 'boss' — allowed: 'all' or 'worker' or 'beat' or 'producer'",
  })
  await assert.rejects(app.start({ rol: 'all' } as never), {
    message: /start\(\) has no option "rol" — did you mean "role"\?/,
  })
  await assert.rejects(app.stop({ drain: -1 }), { message: /^stop\(\): drain: -1 is not a duration/ })
})

function inspectable(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 70)
}
