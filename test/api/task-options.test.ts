/** Options of a task, of a call and of a schedule: what is wrong is refused where it is written. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Celeriac, type CeleriacError } from 'celeriac'
import { z } from 'zod'
import { freshDatabase } from '../fixtures/folder.ts'

const app = new Celeriac({ database: freshDatabase() })
const add = app.task('add', (x: number, y: number) => x + y)

function refusal(message: RegExp, code = 'INVALID_OPTION') {
  return (error: unknown): boolean => {
    assert.equal((error as CeleriacError).code, code)
    assert.match((error as CeleriacError).message, message)
    return true
  }
}

describe('a task', () => {
  const wrong: [options: unknown, message: RegExp][] = [
    [{ que: 'mail' }, /^task "bad" has no option "que" — did you mean "queue"\? Known options: queue, priority/],
    [5, /^task "bad" is 5 — allowed: an object of options/],
    [{ queue: '' }, /^task "bad": queue is ''/],
    [{ priority: 10 }, /^task "bad": priority is 10 — allowed: an integer from 0 to 9/],
    [{ priority: '1' }, /^task "bad": priority is '1'/],
    [{ retry: -1 }, /^task "bad": retry is -1 — allowed: an integer from 0 to 1000/],
    [{ retry: true }, /^task "bad": retry is true — allowed: an object of options/],
    [{ retry: {} }, /^task "bad": retry\.maxRetries is undefined/],
    [
      { retry: { maxRetries: 1, backof: 'fixed' } },
      /^task "bad": retry has no option "backof" — did you mean "backoff"\?/,
    ],
    [{ retry: { maxRetries: 1, backoff: 'linear' } }, /retry\.backoff is 'linear' — allowed: 'exponential' or 'fixed'/],
    [{ retry: { maxRetries: 1, delay: '1x' } }, /retry\.delay: '1x' is not a duration/],
    [{ retry: { maxRetries: 1, maxDelay: NaN } }, /retry\.maxDelay: NaN is not a duration/],
    [{ retry: { maxRetries: 1, jitter: 'some' } }, /retry\.jitter is 'some' — allowed: 'equal' or 'full' or 'none'/],
    [{ retry: { maxRetries: 1, on: TypeError.name } }, /retry\.on is 'TypeError' — allowed: a function of the error/],
    [{ expires: -5 }, /^task "bad": expires: -5 is not a duration/],
    [{ ignoreResult: 'yes' }, /^task "bad": ignoreResult is 'yes' — allowed: true or false/],
    [{ runIn: 'process' }, /^task "bad": runIn is 'process' — allowed: 'thread' or 'main'/],
    [{ codec: 'xml' }, /^task "bad": codec is 'xml' — allowed: 'json' or 'v8'/],
    [{ onCrash: 'ignore' }, /^task "bad": onCrash is 'ignore' — allowed: 'retry' or 'fail'/],
    [{ input: { parse: () => {} } }, /^task "bad": input is .* — allowed: a Standard Schema, such as z\.tuple/],
  ]
  for (const [options, message] of wrong) {
    test(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(() => app.task('bad', options as never, () => {}), refusal(message))
    })
  }

  test('needs a name that can stand in a log line, and a function', () => {
    assert.throws(() => app.task('', () => {}), refusal(/^task name is ''/))
    assert.throws(() => app.task('a\u2028b', () => {}), refusal(/^task name is /))
    assert.throws(() => app.task('bad', {}, 'add' as never), refusal(/^task "bad" was given no function/))
  })

  test('has a name of its own in the app', () => {
    assert.throws(
      () => app.task('add', () => {}),
      refusal(/^task "add" is declared twice in app "celeriac"/, 'DUPLICATE_TASK'),
    )
    const other = new Celeriac({ database: freshDatabase() })
    assert.equal(other.task('add', () => 1).taskName, 'add')
  })

  test('is still the plain function, here and now', () => {
    assert.equal(add(2, 3), 5)
    assert.equal(add.name, 'add')
    assert.equal(add.taskName, 'add')
  })

  test('takes every documented option', () => {
    const task = app.task(
      'full',
      {
        queue: 'mail',
        priority: 9,
        retry: {
          maxRetries: 5,
          backoff: (retry) => retry * 10,
          delay: '1s',
          maxDelay: '10m',
          jitter: 'full',
          on: () => true,
        },
        expires: '1h',
        ignoreResult: true,
        runIn: 'main',
        input: z.tuple([z.number()]),
        codec: 'v8',
        onCrash: 'fail',
      },
      (n: number) => n,
    )
    assert.equal(task.taskName, 'full')
  })
})

describe('a call', () => {
  const wrong: [options: unknown, message: RegExp][] = [
    [{ countdwn: 5 }, /^add\.applyAsync\(\) has no option "countdwn" — did you mean "countdown"\?/],
    [{ countdown: 'later' }, /^add\.applyAsync\(\): countdown: 'later' is not a duration/],
    [{ countdown: 5, eta: 5 }, /^add\.applyAsync\(\) was given both countdown and eta/],
    [{ eta: 'tomorrow' }, /^add\.applyAsync\(\): eta is 'tomorrow' — allowed: a valid Date or epoch milliseconds/],
    [{ eta: new Date(NaN) }, /^add\.applyAsync\(\): eta is Invalid Date/],
    [{ expires: {} }, /^add\.applyAsync\(\): expires: \{\} is not a duration/],
    [{ expires: new Date(NaN) }, /^add\.applyAsync\(\): expires is Invalid Date/],
    [{ queue: 5 }, /^add\.applyAsync\(\): queue is 5/],
    [{ priority: 9.5 }, /^add\.applyAsync\(\): priority is 9\.5 — allowed: an integer from 0 to 9/],
    [{ retry: { maxRetries: 1, on: () => true } }, /retry has a function, which cannot be stored with a job/],
    [{ retry: { maxRetries: 1, backoff: () => 1 } }, /retry has a function, which cannot be stored with a job/],
    [{ taskId: '' }, /^add\.applyAsync\(\): taskId is ''/],
    [{ taskId: 7 }, /^add\.applyAsync\(\): taskId is 7/],
    [{ ignoreResult: 1 }, /^add\.applyAsync\(\): ignoreResult is 1/],
    [{ headers: ['a'] }, /^add\.applyAsync\(\): headers is \[ 'a' \] — allowed: an object of texts/],
    [{ headers: { a: 1 } }, /^add\.applyAsync\(\): headers\.a is 1 — allowed: a text/],
    [{ tags: 'urgent' }, /^add\.applyAsync\(\): tags is 'urgent' — allowed: an array of texts/],
    [{ tags: ['ok', 5] }, /^add\.applyAsync\(\): tags\[1\] is 5/],
    ['soon', /^add\.applyAsync\(\) is 'soon' — allowed: an object of options/],
  ]
  for (const [options, message] of wrong) {
    test(`refuses ${JSON.stringify(options)}`, async () => {
      await assert.rejects(add.applyAsync([1, 2], options as never), refusal(message))
      assert.throws(() => app.schedule('s', { every: '1s', run: add.s(1, 2).set(options as never) }), /./)
    })
  }

  test('refuses arguments that are no list', async () => {
    await assert.rejects(add.applyAsync('ab' as never), refusal(/^the arguments of "add" is 'ab' — allowed: an array/))
    await assert.rejects(add.applyAsync(undefined as never), refusal(/^the arguments of "add" is undefined/))
    await assert.rejects(add.delayMany([[1, 2], 3 as never]), refusal(/^the arguments of "add" is 3/))
    await assert.rejects(
      add.delayMany('ab' as never),
      refusal(/^add\.delayMany\(\) is 'ab' — allowed: an array of argument arrays/),
    )
  })

  test('refuses one taskId for many jobs', async () => {
    await assert.rejects(
      add.delayMany([[1, 2]], { taskId: 'one' } as never),
      refusal(/^add\.delayMany\(\): taskId names one job/),
    )
  })

  test('a handle checks what it is given', async () => {
    const handle = app.result('some-id')
    await assert.rejects(handle.get({ timeout: 'soon' }), refusal(/^get\(\): timeout: 'soon' is not a duration/))
    await assert.rejects(
      handle.get({ timeOut: 5 } as never),
      refusal(/^get\(\) has no option "timeOut" — did you mean "timeout"\?/),
    )
    await assert.rejects(
      handle.get({ signal: {} } as never),
      refusal(/^get\(\): signal is \{\} — allowed: an AbortSignal/),
    )
    await assert.rejects(
      handle.revoke({ reason: {} } as never),
      refusal(/^revoke\(\): reason is \{\} — allowed: a text/),
    )
    await assert.rejects(
      handle.revoke({ terminate: 1 } as never),
      refusal(/^revoke\(\): terminate is 1 — allowed: true or false/),
    )
    assert.throws(() => app.result(5 as never), refusal(/^result id is 5/))
    await assert.rejects(app.inspect.query({} as never), refusal(/^job id is \{\}/))
  })

  test('an event has a known name and a function', () => {
    assert.throws(
      () => app.on('task-suceeded' as never, () => {}),
      refusal(/no event "task-suceeded" — events: task-sent/),
    )
    assert.throws(() => app.on('task-sent', 'log' as never), refusal(/the listener of "task-sent" is no function/))
  })
})

describe('a schedule', () => {
  const run = add.s(1, 2)
  const wrong: [options: unknown, message: RegExp, code?: string][] = [
    [{ every: '1s', run, misfre: 'skip' }, /^schedule "s" has no option "misfre" — did you mean "misfire"\?/],
    [{ every: '1s', run, misfire: 'never' }, /^schedule "s": misfire is 'never' — allowed: 'once' or 'skip' or 'all'/],
    [
      { every: '1s', run, overlap: 'maybe' },
      /^schedule "s": overlap is 'maybe' — allowed: 'allow' or 'skip' or 'queueOne'/,
    ],
    [{ every: '1s', run, paused: 1 }, /^schedule "s": paused is 1/],
    [{ every: '1s' }, /^schedule "s": run must be a signature, such as task\.s\(\)/, 'INVALID_SCHEDULE'],
    [{ run }, /'s'.*give exactly one of cron, every and at; found none/, 'INVALID_SCHEDULE'],
    [{ every: '1s', cron: '@daily', run }, /'s'.*exactly one .* found cron and every/, 'INVALID_SCHEDULE'],
    [{ every: '10ms', run }, /'s'.*shortest period is 1s/, 'INVALID_SCHEDULE'],
    [{ cron: '', run }, /'s'/, 'INVALID_SCHEDULE'],
    [{ cron: '0 0 30 2 *', run }, /'s'/, 'INVALID_SCHEDULE'],
    [{ at: 'tomorrow', run }, /'s'.*at is 'tomorrow'/, 'INVALID_SCHEDULE'],
    [{ every: '1s', run, timezone: 'Moon' }, /'s'.*'Moon' is no time zone/, 'INVALID_SCHEDULE'],
    [
      { every: '1s', run: add.s(1, 2).set({ countdown: 5 }) },
      /^schedule "s": countdown, eta, taskId/,
      'INVALID_SCHEDULE',
    ],
    [{ every: '1s', run: add.s(1, NaN) }, /^args\[1\] is NaN/, 'INVALID_PAYLOAD'],
  ]
  for (const [options, message, code] of wrong) {
    test(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(() => app.schedule('s', options as never), refusal(message, code))
    })
  }

  test('runs a task of its own app, under a name of its own', () => {
    const other = new Celeriac({ database: freshDatabase() })
    const run = other.task('foreign', () => {}).s()
    assert.throws(
      () => app.schedule('s', { every: '1s', run }),
      refusal(/^schedule "s" runs "foreign", which app/, 'INVALID_SCHEDULE'),
    )
    app.schedule('twice', { every: '1s', run: add.s(1, 2) })
    assert.throws(
      () => app.schedule('twice', { every: '1s', run: add.s(1, 2) }),
      refusal(/^schedule "twice" is declared twice/, 'DUPLICATE_SCHEDULE'),
    )
    assert.throws(() => app.schedule('', { every: '1s', run: add.s(1, 2) }), refusal(/^schedule name is ''/))
  })

  test('its name and its numbers are checked wherever they are given', async () => {
    for (const call of ['pause', 'resume', 'trigger', 'remove', 'ledger'] as const)
      await assert.rejects(app.schedules[call]({} as never), refusal(/^schedule name is \{\}/))
    await assert.rejects(app.schedules.ledger('twice', { limit: 0 }), refusal(/^ledger\(\): limit is 0/))
    await assert.rejects(app.schedules.ledger('twice', { from: 'x' } as never), refusal(/^ledger\(\): from is 'x'/))
    assert.throws(() => app.schedules.preview('twice', -1), refusal(/^preview\(\): n is -1/))
    assert.throws(
      () => app.schedules.preview('unknown', 1),
      refusal(/no schedule "unknown" is declared/, 'UNKNOWN_SCHEDULE'),
    )
  })
})
