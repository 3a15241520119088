/** Commands that store jobs, run them and steer schedules. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Celeriac } from 'celeriac'
import { celeriac, type Ended, json, Running, shop, shopOn } from '../fixtures/cli/command.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { until } from '../fixtures/until.ts'

interface Job {
  id: string
  task: string
  state: string
  args: unknown[]
  queue: string
  priority: number
  maxAttempts: number
  tags: string[]
  headers: Record<string, string>
  eta: string | null
}

/** The app of a file: its commands in this process, or in one of their own. */
function on(database: string) {
  return {
    run: (...args: string[]): Promise<Ended> => celeriac(...args, '-A', shopOn(database)),
    start: (...args: string[]): Running => new Running([...args, '-A', shop], { DATABASE: database }),
  }
}

describe('call', () => {
  test('stores a job with the options of its task and of the call', async () => {
    const database = freshDatabase()
    const { run } = on(database)
    const { code, stdout } = await run(
      'call',
      'send_mail',
      'bob',
      '--countdown',
      '1h',
      '--tag',
      'a',
      '--tag',
      'b',
      '--header',
      'x=1=2',
      '--priority',
      '7',
    )
    assert.equal(code, 0)
    assert.match(stdout, /^[0-9a-f-]{36}\n$/)
    const [job] = await json<Job[]>(['inspect', 'query', stdout.trim(), '--database', database])
    assert.deepEqual(
      [job?.task, job?.args, job?.queue, job?.priority, job?.maxAttempts, job?.tags, job?.headers, job?.state],
      ['send_mail', ['bob'], 'mail', 7, 3, ['a', 'b'], { x: '1=2' }, 'SCHEDULED'],
    )
  })

  test('reads arguments as JSON where they are JSON, and else as text', async () => {
    const database = freshDatabase()
    const { run } = on(database)
    const argsOf = async (...args: string[]): Promise<unknown> => {
      const { stdout, stderr } = await run('call', 'echo', ...args, '--json')
      const { id } = JSON.parse(stdout || stderr) as { id: string }
      const [job] = await json<Job[]>(['inspect', 'query', id, '--database', database])
      return job?.args
    }
    assert.deepEqual(await argsOf('1', 'two', '"3"', '{"four":[5]}', 'null', '-6'), [
      1,
      'two',
      '3',
      { four: [5] },
      null,
      -6,
    ])
    assert.deepEqual(await argsOf('--args', '[{"a":1}, "b"]'), [{ a: 1 }, 'b'])
  })

  test('an id chosen by the caller is stored once', async () => {
    const database = freshDatabase()
    const { run } = on(database)
    const first = await run('call', 'add', '1', '2', '--task-id', 'mine')
    assert.deepEqual([first.stdout, first.stderr], ['mine\n', ''])
    const second = await run('call', 'add', '1', '2', '--task-id', 'mine')
    assert.equal(second.stdout, 'mine\n')
    assert.match(second.stderr, /was stored before/)
    assert.equal((await json<Job[]>(['tasks', '--database', database])).length, 1)
  })

  test('--wait prints the result, and fails with the job', async () => {
    const database = freshDatabase()
    const { start, run } = on(database)
    const worker = start('worker')
    await worker.says('worker of shop')
    const sum = await run('call', 'add', '20', '22', '--wait')
    assert.deepEqual([sum.code, sum.stdout], [0, '42\n'])
    const text = await run('call', 'send_mail', 'bob', '--wait')
    assert.equal(text.stdout, 'mail to bob\n')
    const map = await run('call', 'keep', '1', '--wait')
    assert.match(map.stdout, /^Map\(2\) \{ 'big' => 12n, 'given' => 1 \}\n$/)
    const failed = await run('call', 'fail', 'no paper', '--wait', '--json')
    assert.equal(failed.code, 1)
    assert.equal((JSON.parse(failed.stdout) as { error: Error }).error.message, 'no paper')
  })

  test('from the file alone the job gets default options, and one is told when nobody declares the task', async () => {
    const database = freshDatabase()
    const app = new Celeriac({ database })
    await app.inspect.ping()
    await app.stop()
    const { code, stdout, stderr } = await celeriac('call', 'send_mail', 'x', '--database', database)
    assert.equal(code, 0)
    assert.match(stderr, /no live process declares a task "send_mail"/)
    const [job] = await json<Job[]>(['inspect', 'query', stdout.trim(), '--database', database])
    assert.deepEqual([job?.queue, job?.maxAttempts], ['default', 1])
  })

  test('refuses what cannot be meant', async () => {
    const { run } = on(freshDatabase())
    const refused: [args: string[], message: RegExp][] = [
      [['ad'], /declares no task "ad" — declared: add, echo/],
      [['add', '1', '--args', '[1]'], /not both/],
      [['add', '--args', '{"x":1}'], /allowed: a JSON array/],
      [['add', '--args', '[1'], /--args is no JSON/],
      [['add', '--eta', 'soon'], /--eta is soon/],
      [['add', '--countdown', 'soon'], /countdown: 'soon' is not a duration/],
      [['add', '--priority', '10'], /--priority is 10 — allowed: a whole number from 0 to 9/],
      [['add', '--header', 'x'], /--header is x — allowed: name=value/],
    ]
    for (const [args, message] of refused) {
      const { code, stdout, stderr } = await run('call', ...args)
      assert.deepEqual([code, stdout], [2, ''], args.join(' '))
      assert.match(stderr, message)
    }
  })
})

describe('worker', () => {
  test('--once runs what is due on the queues named, and ends', async () => {
    const database = freshDatabase()
    const { start, run } = on(database)
    for (const args of [
      ['add', '1', '2'],
      ['send_mail', 'bob'],
      ['send_mail', 'eve', '--countdown', '1h'],
    ])
      await run('call', ...args)
    const { code, stdout, stderr } = await start('worker', '--once', '--queues', 'mail,other', '-v', '--json').ended()
    assert.equal(code, 0)
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; task: string })
    assert.deepEqual(
      events.map(({ event, task }) => [event, task]),
      [
        ['task-started', 'send_mail'],
        ['task-succeeded', 'send_mail'],
      ],
    )
    assert.match(stderr, /worker of shop, \d+ tasks, .*, queues mail, other, pid \d+/)
    assert.match(stderr, /^stopped: 0 finished, 0 handed back$/m)
    const states = (await json<Job[]>(['tasks', '--database', database])).map(({ task, state }) => `${task} ${state}`)
    assert.deepEqual(states, ['send_mail SCHEDULED', 'send_mail SUCCESS', 'add PENDING'])
  })

  test('SIGTERM lets running jobs finish', async () => {
    const database = freshDatabase()
    const { start, run } = on(database)
    const journal = new Journal()
    const worker = start('worker')
    await worker.says('worker of shop')
    const { stdout } = await run('call', 'hold', journal.path)
    await journal.has('began')
    worker.child.kill('SIGTERM')
    await worker.says('stopping: running jobs may finish')
    assert.equal((await celeriac('status', '--database', database)).code, 0)
    journal.open()
    const { code, stderr } = await worker.ended()
    assert.equal(code, 0)
    assert.match(stderr, /^stopped: 1 finished, 0 handed back$/m)
    assert.equal((await celeriac('result', stdout.trim(), '--database', database)).stdout, 'held\n')
  })

  test('a second signal hands running jobs back at once', async () => {
    const database = freshDatabase()
    const { start, run } = on(database)
    const journal = new Journal()
    const worker = start('worker')
    await worker.says('worker of shop')
    const { stdout } = await run('call', 'hold', journal.path)
    await journal.has('began')
    worker.child.kill('SIGINT')
    await worker.says('stopping: running jobs may finish')
    worker.child.kill('SIGINT')
    const { code, stderr } = await worker.ended()
    assert.equal(code, 1)
    assert.match(stderr, /^stopping at once\nstopped: 0 finished, 1 handed back/m)
    const [job] = await json<(Job & { attempt: number })[]>(['inspect', 'query', stdout.trim(), '--database', database])
    assert.deepEqual([job?.state, job?.attempt], ['PENDING', 0])
  })

  test('--concurrency sets the most threads', async () => {
    const database = freshDatabase()
    const worker = on(database).start('worker', '--concurrency', '3')
    await worker.says('worker of shop')
    const [one] = await json<{ value: { concurrency: number } }[]>(['inspect', 'stats', '--database', database])
    assert.equal(one?.value.concurrency, 3)
    worker.child.kill('SIGTERM')
    assert.equal((await worker.ended()).code, 0)
    assert.equal((await on(database).run('worker', '--concurrency', 'many')).code, 2)
  })

  test('without the app it cannot run', async () => {
    const { code, stderr } = await celeriac('worker', '--database', freshDatabase())
    assert.equal(code, 2)
    assert.match(stderr, /this needs the app: give -A/)
  })
})

describe('beat and schedules', () => {
  test('list, preview, resume, ledger, pause and trigger', async () => {
    const database = freshDatabase()
    const { start, run } = on(database)
    const file = ['--database', database]
    const beat = start('beat')
    await beat.says('beat of shop')
    assert.match(
      (await celeriac('schedules', ...file)).stdout,
      /^nightly +0 3 \* \* \* Europe\/Madrid +add +\d{4}-\S+ 0[12]:00:00Z +- +- +declared$/m,
    )
    const list = await json<{ name: string; paused: boolean; spec: { kind: string }; nextSlot: string }[]>([
      'schedules',
      'list',
      ...file,
    ])
    assert.deepEqual(
      list.map(({ name, paused, spec }) => [name, paused, spec.kind]),
      [
        ['nightly', false, 'cron'],
        ['often', true, 'every'],
      ],
    )

    const slots = await json<{ at: string; movedByDst: boolean }[]>([
      'schedules',
      'preview',
      'nightly',
      '-n',
      '3',
      ...file,
    ])
    assert.equal(slots.length, 3)
    assert.equal(slots[0]?.at, list[0]?.nextSlot)
    assert.match(
      (await celeriac('schedules', 'preview', 'nightly', ...file)).stdout,
      /^(\d{4}-\d\d-\d\d 0[12]:00:00Z.*\n){5}$/,
    )

    const resumed = await celeriac('schedules', 'resume', 'often', ...file)
    assert.deepEqual([resumed.code, resumed.stdout], [0, ''])
    await beat.says('schedule-fired')
    assert.deepEqual(await json(['schedules', 'pause', 'often', ...file]), { schedule: 'often', paused: true })
    const ledger = await until(async () => {
      const rows = await json<{ slot: string; outcome: string; jobId: string }[]>([
        'schedules',
        'ledger',
        'often',
        ...file,
      ])
      return rows.length > 0 && rows
    }, 'a slot in the ledger')
    assert.equal(ledger.at(-1)?.outcome, 'fired')
    assert.match((await celeriac('schedules', 'ledger', 'often', ...file)).stdout, /^SLOT +OUTCOME +JOB\n\d{4}-/)

    const { stdout } = await celeriac('schedules', 'trigger', 'nightly', ...file)
    assert.equal((await run('worker', '--once')).code, 0)
    assert.equal((await celeriac('result', stdout.trim(), ...file)).stdout, '3\n')

    const unknown = await celeriac('schedules', 'pause', 'nighty', ...file)
    assert.equal(unknown.code, 1)
    assert.match(unknown.stderr, /no schedule "nighty" is stored in this file — stored: nightly, often/)
    assert.equal((await celeriac('schedules', 'pause', ...file)).code, 2)
    const kept = await celeriac('schedules', 'remove', 'nightly', ...file)
    assert.equal(kept.code, 2)
    assert.match(kept.stderr, /Remove schedule "nightly"\?/)
    assert.deepEqual(await json(['schedules', 'remove', 'nightly', '--yes', ...file]), {
      schedule: 'nightly',
      removed: true,
    })
    assert.deepEqual(
      (await json<{ name: string }[]>(['schedules', ...file])).map(({ name }) => name),
      ['often'],
    )
    assert.equal((await celeriac('schedules', 'reset', 'often', ...file)).code, 0)
    beat.child.kill('SIGTERM')
    assert.equal((await beat.ended()).code, 0)
  })
})

test('preview keeps to the end and the most runs of a schedule', async () => {
  const database = freshDatabase()
  const app = new Celeriac({ database })
  const task = app.task('add', (x: number) => x)
  await app.schedules.set('twice', { every: '1h', maxRuns: 2, run: task.s(1) })
  await app.schedules.set('until', { every: '1h', end: new Date(Date.now() + 3 * 3_600_000), run: task.s(1) })
  await app.stop()
  const slots = async (name: string): Promise<object[]> =>
    json<object[]>(['schedules', 'preview', name, '-n', '9', '--database', database])
  assert.equal((await slots('twice')).length, 2)
  assert.equal((await slots('until')).length, 3)
})
