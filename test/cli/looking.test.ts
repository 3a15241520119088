/** Commands that look: on a file with a live worker in another process, and on one that nobody consumes. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { type CallOptions, Celeriac } from 'celeriac'
import { celeriac, json, Running, shop, shopOn } from '../fixtures/cli/command.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { until } from '../fixtures/until.ts'

interface Job {
  id: string
  task: string
  state: string
  args: unknown[]
  worker: string | null
  result?: unknown
  error: { name: string; message: string; cause?: { name: string } } | null
}

describe('with a live worker', () => {
  const database = freshDatabase()
  const on = ['--database', database]
  const journal = new Journal()
  const ids: Record<string, string> = {}
  const worker = new Running(['worker', '-A', shop, '-v'], { DATABASE: database })
  let app: Celeriac

  before(async () => {
    await worker.says('worker of shop')
    app = new Celeriac({ database })
    const enqueue = async (name: string, args: unknown[], options: CallOptions = {}): Promise<void> => {
      const task = app.task(name, (..._: unknown[]): unknown => undefined)
      ids[name] = (await task.applyAsync(args, options)).id
    }
    await enqueue('echo', [{ name: 'Ada', password: 'secret' }], { tags: ['vip'], headers: { trace: '7' } })
    await enqueue('fail', ['no paper'])
    await enqueue('chat', [])
    await enqueue('send_mail', ['bob'], { queue: 'mail', countdown: '1h' })
    for (const name of ['echo', 'fail', 'chat']) await until(() => app.result(ids[name] as string).ready(), name)
    await enqueue('hold', [journal.path])
    await journal.has('began')
    await until(async () => (await app.result(ids.hold as string).info())?.progress, 'its progress')
    await enqueue('nobody', ['waits for ever'])
    await app.stop()
  })

  test('status: the file, its jobs, queues and processes', async () => {
    const { code, stdout, stderr } = await celeriac('status', ...on)
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, new RegExp(`^${database}  [\\d.]+ KiB, write-ahead log `))
    assert.match(stdout, /^1 SCHEDULED · 1 PENDING · 1 STARTED · 2 SUCCESS · 1 FAILURE$/m)
    assert.match(
      stdout,
      /^QUEUE +WAITING +RUNNING +OLDEST +TASKS\ndefault +1 +1 +[\d.]+m?s +nobody \(no handler\), hold$/m,
    )
    assert.match(stdout, new RegExp(`^ *${worker.child.pid}  shop  .*  worker +2 +1 +.*  online$`, 'm'))
    assert.match(stdout, /^1 process online$/m)
    assert.ok(!stdout.includes(String.fromCharCode(27)), 'a pipe is no screen: no colours')

    const data = await json<{
      file: { path: string; bytes: number }
      states: Record<string, number>
      workers: { pid: number; alive: boolean; startedAt: string; running: Job[] }[]
      queues: { queue: string; pending: number; oldest: string }[]
    }>(['status', ...on])
    assert.equal(data.file.path, database)
    assert.equal(data.states.SUCCESS, 2)
    assert.deepEqual(
      data.workers.map(({ pid, alive }) => [pid, alive]),
      [[worker.child.pid, true]],
    )
    assert.ok(Math.abs(Date.parse(data.workers[0]?.startedAt ?? '') - Date.now()) < 600_000)
    assert.equal(data.workers[0]?.running[0]?.id, ids.hold)
    assert.deepEqual(
      data.queues.map(({ queue, pending }) => [queue, pending]),
      [['default', 1]],
    )
  })

  test('inspect active', async () => {
    const { code, stdout } = await celeriac('inspect', 'active', ...on)
    assert.equal(code, 0)
    assert.match(stdout, /^ID +TASK +QUEUE +ATTEMPT +FOR +PID +THREAD +PROGRESS +ARGUMENTS\n/)
    assert.match(
      stdout,
      new RegExp(`^${ids.hold}  hold  default +1/1 +[\\d.]+m?s +${worker.child.pid} +[12]  {"done":1,"total":2}`, 'm'),
    )
    const jobs = await json<Job[]>(['inspect', 'active', ...on])
    assert.deepEqual(
      jobs.map(({ id, state, args }) => [id, state, args]),
      [[ids.hold, 'STARTED', [journal.path]]],
    )
  })

  test('inspect scheduled', async () => {
    const { stdout } = await celeriac('inspect', 'scheduled', ...on)
    assert.match(stdout, new RegExp(`^${ids.send_mail}  send_mail  mail +SCHEDULED +0/1  in 59m\\d+s  "bob"$`, 'm'))
    const jobs = await json<Job[]>(['inspect', 'scheduled', ...on])
    assert.deepEqual(
      jobs.map(({ id }) => id),
      [ids.send_mail],
    )
  })

  test('inspect queues', async () => {
    assert.match((await celeriac('inspect', 'queues', ...on)).stdout, /^default +1 +1 /m)
    const [queue] = await json<{ queue: string; tasks: { task: string; handled: boolean }[] }[]>([
      'inspect',
      'queues',
      ...on,
    ])
    assert.deepEqual(queue?.tasks.map(({ task, handled }) => [task, handled]).sort(), [
      ['hold', true],
      ['nobody', false],
    ])
  })

  test('inspect workers', async () => {
    assert.match((await celeriac('inspect', 'workers', ...on)).stdout, / {2}online$/m)
    const [only] = await json<{ pid: number; tasks: string[] }[]>(['inspect', 'workers', ...on])
    assert.equal(only?.pid, worker.child.pid)
    assert.ok(only?.tasks.includes('send_mail'))
  })

  test('inspect registered: from the file what live processes declare, from the app how', async () => {
    assert.match((await celeriac('inspect', 'registered', ...on)).stdout, /^send_mail +1$/m)
    const names = await json<{ name: string; processes: number }[]>(['inspect', 'registered', ...on])
    assert.deepEqual(
      names.find(({ name }) => name === 'add'),
      { name: 'add', processes: 1 },
    )
    const whole = await celeriac('inspect', 'registered', '-A', shopOn(database))
    assert.match(whole.stdout, /^send_mail +mail +0 +thread +json +2$/m)
  })

  test('inspect query: everything of the jobs named', async () => {
    const { code, stdout } = await celeriac('inspect', 'query', ids.fail as string, ids.chat as string, ...on)
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`^id +${ids.fail}$`, 'm'))
    assert.match(stdout, /^state +FAILURE$/m)
    assert.match(stdout, /^RangeError: no paper\n +at /m)
    assert.match(stdout, /^caused by TypeError: the cause$/m)
    assert.match(stdout, /^ +1 {2}failure +[12] +\d{4}-/m)
    assert.match(stdout, /^LOG\n\d{4}-\S+ info +hello$/m)

    const [echo, missing] = await json<(Job & { tags: string[]; headers: object })[]>(
      ['inspect', 'query', ids.echo as string, 'no-such-job', '--no-redact', ...on],
      1,
    )
    assert.equal(missing, undefined)
    assert.deepEqual([echo?.tags, echo?.headers], [['vip'], { trace: '7' }])
    assert.deepEqual(echo?.result, { name: 'Ada', password: 'secret' })
  })

  test('what the app redacts is masked, with the app and from the file alone', async () => {
    for (const from of [['-A', shopOn(database)], on]) {
      const { stdout } = await celeriac('inspect', 'query', ids.echo as string, ...from)
      assert.match(stdout, /"password":"\[redacted\]"/)
      assert.doesNotMatch(stdout, /secret/)
    }
  })

  test('inspect report names no argument', async () => {
    const { stdout } = await celeriac('inspect', 'report', ...on)
    assert.match(stdout, /^node +v\d+/m)
    assert.doesNotMatch(stdout, /secret|no paper/)
    const report = await json<{ celeriac: string; processes: object[] }>(['inspect', 'report', ...on])
    assert.match(report.celeriac, /^\d+\.\d+\.\d+/)
    assert.equal(report.processes.length, 1)
  })

  test('tasks: by option and by text, the newest first', async () => {
    const all = await json<Job[]>(['tasks', ...on])
    assert.deepEqual(
      all.map(({ task }) => task),
      ['nobody', 'hold', 'send_mail', 'chat', 'fail', 'echo'],
    )
    const found = async (...terms: string[]): Promise<string[]> =>
      (await json<Job[]>(['tasks', ...terms, ...on])).map(({ task }) => task)
    assert.deepEqual(await found('--state', 'failure'), ['fail'])
    assert.deepEqual(await found('state:failure,success', 'task:*a*'), ['chat', 'fail'])
    assert.deepEqual(await found('--error', 'NO PAPER', '--since', '1h'), ['fail'])
    assert.deepEqual(await found('--tag', 'vip'), ['echo'])
    assert.deepEqual(await found('--queue', 'mail', '--until', new Date().toISOString()), ['send_mail'])
    assert.deepEqual(await found('-n', '2'), ['nobody', 'hold'])
    const { stdout, stderr } = await celeriac('tasks', '--limit', '5', ...on)
    assert.match(stdout, /^ID +TASK +QUEUE +STATE +ATTEMPT +ENQUEUED +TOOK +DETAIL\n/)
    assert.match(stdout, / {2}fail +default +FAILURE +1\/1 +\S+ ago +\d+ms {2}RangeError: no paper$/m)
    assert.equal(stdout.trim().split('\n').length, 6)
    assert.match(stderr, /^there may be more/)
    assert.match((await celeriac('tasks', 'task:none', ...on)).stderr, /^no job is meant/)
  })

  test('result: the value, or why there is none', async () => {
    const good = await celeriac('result', ids.echo as string, '--no-redact', ...on)
    assert.deepEqual([good.code, JSON.parse(good.stdout), good.stderr], [0, { name: 'Ada', password: 'secret' }, ''])
    const bad = await celeriac('result', ids.fail as string, '--traceback', ...on)
    assert.deepEqual([bad.code, bad.stdout], [1, ''])
    assert.match(
      bad.stderr,
      /^fail \(job .*\) is FAILURE: RangeError: no paper\nRangeError: no paper\n +at [\s\S]*caused by TypeError/,
    )
    const data = await json<Job>(['result', ids.fail as string, ...on], 1)
    assert.deepEqual([data.state, data.error?.name, data.error?.cause?.name], ['FAILURE', 'RangeError', 'TypeError'])
    const running = await celeriac('result', ids.hold as string, '--wait', '--timeout', '200ms', ...on)
    assert.equal(running.code, 1)
    assert.match(running.stderr, /did not end within 200 ms; it is STARTED and goes on/)
    const unknown = await celeriac('result', 'no-such-job', ...on)
    assert.deepEqual([unknown.code, unknown.stdout], [1, ''])
    assert.match(unknown.stderr, /no job no-such-job is stored/)
  })

  test('log: what the job wrote, and nothing a terminal would obey', async () => {
    const { stdout } = await celeriac('log', ids.chat as string, ...on)
    assert.match(stdout, /^\S+Z info {2}hello\n\S+Z warn {2}\\u001b\[31mred alert\\u001b\[0m\n$/)
    const lines = await json<{ level: string; text: string }[]>(['log', ids.chat as string, ...on])
    assert.deepEqual(
      lines.map(({ level }) => level),
      ['info', 'warn'],
    )
    assert.equal(lines[1]?.text, '\u001b[31mred alert\u001b[0m')
    assert.equal((await celeriac('log', 'no-such-job', ...on)).code, 1)
  })

  test('explain: why a job is not running', async () => {
    const { stdout } = await celeriac('explain', ids.nobody as string, ...on)
    assert.match(stdout, /^has no handler: none of the 1 live processes declares a task "nobody"$/m)
    const data = await json<{ state: string; explanation: string }>(['explain', ids.hold as string, ...on])
    assert.equal(data.state, 'STARTED')
    assert.match(data.explanation, /^has been running since /)
    assert.equal((await celeriac('explain', 'no-such-job', ...on)).code, 1)
  })

  test('events -f: what happens while it looks, by line', async () => {
    const followed = new Running(['events', '-f', '--json', ...on])
    const failures = new Running(['events', '-f', '--type', 'task-failed', ...on])
    await followed.says('following')
    await failures.says('following')
    const sent = await celeriac('call', 'fail', 'seen', '--wait', ...on)
    assert.equal(sent.code, 1)
    await followed.says('task-failed')
    await failures.says('task-failed')
    for (const one of [followed, failures]) one.child.kill('SIGINT')
    const ended = await followed.ended()
    assert.equal(ended.code, 0)
    const events = ended.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; task: string; at: string })
    assert.deepEqual(events.map(({ event, task }) => [event, task]).at(-1), ['task-failed', 'fail'])
    assert.ok(!Number.isNaN(Date.parse(events[0]?.at ?? '')))
    const { stdout } = await failures.ended()
    assert.match(stdout, /^\S+Z task-failed +fail {2}\S+ {2}queue default {2}attempt 1 {2}seen\n$/)
  })

  test('after a kill -9 the process is shown as dead, and status says that none is there', async () => {
    worker.child.kill('SIGKILL')
    await worker.ended()
    const { code, stdout } = await celeriac('status', ...on)
    assert.equal(code, 69)
    assert.match(stdout, / {2}dead, silent for \S+$/m)
    assert.match(stdout, /^0 processes online$/m)
  })
})

describe('with nothing on the file', () => {
  test('lists say so on stderr and are empty for programs', async () => {
    const database = freshDatabase()
    const app = new Celeriac({ database })
    await app.inspect.ping()
    await app.stop()
    for (const what of ['active', 'scheduled', 'queues', 'workers', 'registered']) {
      const text = await celeriac('inspect', what, '--database', database)
      assert.deepEqual([text.code, text.stdout], [0, ''], what)
      assert.notEqual(text.stderr, '')
      assert.deepEqual(await json(['inspect', what, '--database', database]), [])
    }
    assert.deepEqual(await json(['schedules', '--database', database]), [])
    assert.deepEqual(await json(['tasks', '--database', database]), [])
    const { states } = await json<{ states: Record<string, number> }>(['status', '--database', database], 69)
    assert.equal(states.PENDING, 0)
  })
})
