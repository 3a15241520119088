/** What tasks write to the console is kept with their jobs, and passed on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reader } from 'celeriac'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { openConsole } from '../fixtures/console-tasks.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { Program } from '../fixtures/program.ts'
import { until } from '../fixtures/until.ts'

test('each method is kept with its level, formatted as the console does', async () => {
  const { app, speak } = openConsole({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const handle = await speak.delay('Ada')
  await resultOf(handle)
  const lines = await app.inspect.log(handle.id)
  assert.deepEqual(
    lines.slice(0, 7).map(({ level, text }) => `${level}: ${text}`),
    [
      'debug: Ada debugs',
      'info: Ada logs 1',
      "info: { name: 'Ada' }",
      'warn: Ada warns',
      'error: Ada errs',
      "info: { name: 'Ada' }",
      'warn: Assertion failed: Ada asserts',
    ],
  )
  assert.match(lines[7]?.text ?? '', /│ 0 +│ 1 +│/)
  assert.deepEqual(
    lines.slice(8).map(({ text }) => text),
    ['Ada groups', '100% inside', 'outside', 'Ada by its own log'],
  )
  for (const { at } of lines) assert.ok(Math.abs(at.getTime() - Date.now()) < 60_000)
})

test('a job keeps its lines up to a number and a length, and says that it was cut', async () => {
  const { app, flood } = openConsole({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const [many, long, some] = await flood.delayMany([
    [5_000, 5],
    [100, 2_000],
    [1_000, 5],
  ])
  for (const handle of [many, long, some]) await resultOf(handle!)
  const lines = await app.inspect.log(many!.id)
  assert.equal(lines.length, 1_001)
  assert.match(lines.at(-1)?.text ?? '', /cut/)
  const cut = await app.inspect.log(long!.id)
  assert.equal(
    cut.slice(0, -1).reduce((sum, { text }) => sum + text.length, 0),
    65_536,
  )
  assert.match(cut.at(-1)?.text ?? '', /cut/)
  assert.equal(new Set(lines.map(({ text }) => text)).size, 1_001)
})

test('a line goes to the job that wrote it, and to none once that has ended', async () => {
  const { app, leave, waitFor } = openConsole({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const journal = new Journal()
  const [left, next] = [await leave.delay(journal.path), await waitFor.delay(journal.path, 'spoke after its end')]
  await resultOf(next)
  await journal.has('spoke after its end')
  const textsOf = async (id: string): Promise<string[]> => (await app.inspect.log(id)).map(({ text }) => text)
  assert.deepEqual(await textsOf(left.id), ['before the end'])
  assert.deepEqual(await textsOf(next.id), ['waiting'])
})

test('lines arrive while the job still runs', async () => {
  const { app, hold } = openConsole({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const journal = new Journal()
  const handle = await hold.delay(journal.path)
  await until(async () => (await app.inspect.log(handle.id)).length === 2, 'the first lines')
  assert.equal(await handle.state(), 'STARTED')
  journal.open()
  await resultOf(handle)
  assert.deepEqual(
    (await app.inspect.log(handle.id)).map(({ text }) => text),
    ['first', 'second', 'last'],
  )
})

test('what a task says can be read beside it while it runs, though it lets no message out', async () => {
  const database = freshDatabase()
  const { app, holdHard } = openConsole({ database })
  await using _ = app
  await app.start()
  const reader = Reader.open(database)
  const journal = new Journal()
  const handle = await holdHard.delay(journal.path)
  const lines = async () => (await reader.job(handle.id))?.log.map(({ level, text }) => `${level}: ${text}`) ?? []
  const early = ['info: first', 'info: “second”', 'warn: third']
  await until(async () => (await lines()).length === early.length, 'the lines of the running job')
  assert.deepEqual(await lines(), early)
  assert.equal((await reader.job(handle.id))?.job.state, 'STARTED')
  journal.open()
  await resultOf(handle)
  assert.deepEqual(await lines(), [...early, 'info: last'])
  await reader.close()
})

test('what a task said before its thread had to be ended is kept', async () => {
  const { app, stuck } = openConsole({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const handle = await stuck.delay()
  await failureOf(handle)
  assert.deepEqual(
    (await app.inspect.log(handle.id)).map(({ text }) => text),
    ['about to loop'],
  )
})

test('a value that cannot be shown harms nothing', async () => {
  const { app, bad } = openConsole({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const handle = await bad.delay()
  await resultOf(handle)
  assert.deepEqual(
    (await app.inspect.log(handle.id)).map(({ text }) => text),
    ['went on'],
  )
})

test("a task's own log is kept on the main thread too", async () => {
  const { app, onMain } = openConsole({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const handle = await onMain.delay()
  await resultOf(handle)
  assert.equal((await app.inspect.log(handle.id))[0]?.text, 'by its own log')
})

for (const [what, capture, env, object] of [
  ['kept', true, {}, "{ name: 'Ada' }"],
  ['kept, in the colours that are asked for', true, { FORCE_COLOR: '1' }, "{ name: \x1b[32m'Ada'\x1b[39m }"],
  ['and keeps only their own log when told so', false, {}, "{ name: 'Ada' }"],
] as const) {
  test(`the process prints what tasks write, ${what}`, async () => {
    const { FORCE_COLOR: _, NO_COLOR: __, NODE_DISABLE_COLORS: ___, ...plain } = process.env
    const program = new Program('console-program', [freshDatabase(), String(capture)], { env: { ...plain, ...env } })
    await program.says(capture ? "kept 12: debug: Ada debugs|info: Ada logs 1|info: { name: 'Ada' }|" : 'kept 1:')
    const texts = [
      'Ada debugs',
      'Ada logs 1',
      object,
      'Ada warns',
      'Ada errs',
      'Ada asserts',
      'Ada groups',
      '\n  100% inside',
    ]
    for (const text of texts) await program.says(text)
    await program.says('\noutside')
    assert.equal(await program.ended(), 0)
    assert.equal(program.output.split('\nAda logs 1').length, 2)
  })
}

for (const [what, option, seen] of [
  ['by a console of the thread, which no debugger sees', '', []],
  [
    'by the one that a debugger watches, which sees what was given',
    '--inspect=127.0.0.1:0',
    ['by the console', 'array', 'on the other stream', 'x'.repeat(20), 'one', 'two', 'three'],
  ],
] as const) {
  test(`lines are printed once, in their order among what is written beside them: ${what}`, async () => {
    const program = new Program('console-program', [freshDatabase(), 'true', 'weave'], {
      env: { ...process.env, NODE_OPTIONS: option },
    })
    await program.says(`returned ${JSON.stringify(seen)}\n`)
    await program.says(
      "kept 7: info: by the console|info: [ 'by', 'the', 'console', 'again' ]|error: on the other stream",
    )
    const woven = [
      'by the console\n',
      'beside it\n',
      'as bytes\n',
      'as base64\n',
      "[ 'by', 'the', 'console', 'again' ]\n",
      `${'x'.repeat(20_000)}\n`,
      'all gone\n',
      'one\ntwo\nthree\nthe end of it\n',
    ]
    for (const text of [...woven, 'on the other stream\n']) await program.says(text)
    assert.equal(await program.ended(), 0)
    const places = woven.map((text) => program.output.indexOf(text))
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
    )
    for (const text of woven) assert.equal(program.output.split(text).length, 2, text.slice(0, 50))
  })
}
