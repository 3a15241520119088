/** Commands that steer jobs, queues and processes: what they did is looked up in the file, and in the processes. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { userInfo } from 'node:os'
import { after, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { Celeriac } from 'celeriac'
import { celeriac, json, main, Running, shop } from '../fixtures/cli/command.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { until } from '../fixtures/until.ts'

interface Job {
  id: string
  task: string
  state: string
  revokeReason: string | null
}

/** A file with an app of this process that runs nothing, to store jobs by. */
function opened() {
  const database = freshDatabase()
  const app = new Celeriac({ database })
  after(() => app.stop())
  const enqueue = async (task: string, args: unknown[] = [], options = {}): Promise<string> => {
    const declared = app.tasks.get(task) ?? app.task(task, (..._: unknown[]): unknown => undefined)
    return (await (declared as ReturnType<typeof noTask>).applyAsync(args, options)).id
  }
  return { database, app, on: ['--database', database], enqueue }
}
declare const noTask: () => import('celeriac').Task<(...args: unknown[]) => unknown>

async function workerOn(database: string): Promise<Running> {
  const worker = new Running(['worker', '-A', shop], { DATABASE: database })
  await worker.says('worker of shop')
  return worker
}

describe('revoke', () => {
  test('by ids, without a question', async () => {
    const { on, enqueue, app } = opened()
    const [one, two, three] = [await enqueue('a'), await enqueue('a'), await enqueue('a')]
    const { code, stdout } = await celeriac('revoke', one, two, '--reason', 'not needed', ...on)
    assert.deepEqual([code, stdout], [0, '2 jobs revoked\n'])
    const jobs = await json<Job[]>(['inspect', 'query', one, two, three, ...on])
    assert.deepEqual(
      jobs.map(({ state, revokeReason }) => [state, revokeReason]),
      [
        ['REVOKED', 'not needed'],
        ['REVOKED', 'not needed'],
        ['PENDING', null],
      ],
    )
    assert.equal((await celeriac('revoke', one, ...on)).code, 1)
    const [entry] = await app.audit.list()
    assert.deepEqual([entry?.action, entry?.target, entry?.user.startsWith('cli:')], ['revoke', `job ${one}`, true])
  })

  test('by filter only with a yes', async () => {
    const { on, enqueue } = opened()
    for (const queue of ['mail', 'mail', 'images']) await enqueue('send', [], { queue })
    const asked = await celeriac('revoke', '--queue', 'mail', ...on)
    assert.deepEqual([asked.code, asked.stdout], [2, ''])
    assert.match(
      asked.stderr,
      /Revoke 2 jobs \(the jobs of queue:mail\)\? There is no undo\. Nobody is here to be asked: say --yes/,
    )
    const states = async (): Promise<string[]> => (await json<Job[]>(['tasks', ...on])).map(({ state }) => state)
    assert.deepEqual(await states(), ['PENDING', 'PENDING', 'PENDING'])
    assert.deepEqual(await json(['revoke', '--filter', 'queue:mail', '--yes', ...on]), { revoked: 2 })
    assert.deepEqual(await states(), ['PENDING', 'REVOKED', 'REVOKED'])
  })

  test('a running job is told to end', async () => {
    const { database, on, enqueue } = opened()
    const worker = await workerOn(database)
    const journal = new Journal()
    const id = await enqueue('heed', [journal.path])
    await journal.has('heeding')
    assert.equal((await celeriac('revoke', id, ...on)).code, 0)
    const ended = await celeriac('result', id, '--wait', ...on)
    assert.equal(ended.code, 1)
    assert.match(ended.stderr, /is REVOKED/)
    worker.child.kill('SIGTERM')
  })

  test('needs to be told which', async () => {
    const { on } = opened()
    const none = await celeriac('revoke', ...on)
    assert.equal(none.code, 2)
    assert.match(none.stderr, /give the ids of jobs, or a filter/)
    assert.equal((await celeriac('revoke', 'x', '--queue', 'mail', ...on)).code, 2)
  })
})

test('retry: by id, and by filter with a yes', async () => {
  const { database, on, enqueue } = opened()
  const worker = await workerOn(database)
  const ids = [await enqueue('fail', ['one']), await enqueue('fail', ['two'])]
  for (const id of ids) await celeriac('result', id, '--wait', ...on)
  worker.child.kill('SIGTERM')
  await worker.ended()
  const one = await celeriac('retry', ids[0] as string, ...on)
  assert.deepEqual([one.code, one.stdout], [0, '1 job due again\n'])
  assert.equal((await celeriac('retry', '--task', 'fail', ...on)).code, 2)
  assert.deepEqual(await json(['retry', '--task', 'fail', '-y', ...on]), { retried: 1 })
  assert.deepEqual(
    (await json<Job[]>(['tasks', ...on])).map(({ state }) => state),
    ['PENDING', 'PENDING'],
  )
  const again = await celeriac('retry', ids[0] as string, ...on)
  assert.equal(again.code, 1)
  assert.match(again.stderr, /NOT_RETRYABLE/)
})

test('every change is in the audit, with the user of this machine and what came of it', async () => {
  const { on, app } = opened()
  await app.start({ role: 'producer' })
  for (const words of [
    ['call', 'send', '1', '--queue', 'mail', '--task-id', 'one'],
    ['call', 'send', '--task-id', 'one'],
    ['pause', 'mail'],
    ['rate-limit', 'send', '5/m'],
    ['purge', 'mail', '--yes'],
    ['prune', '--revoked', '1h', '--yes'],
  ])
    assert.equal((await celeriac(...words, ...on)).code, 0, words.join(' '))
  const entries = await app.audit.list()
  assert.deepEqual(
    entries.reverse().map(({ action, target, outcome }) => `${action} ${target}: ${outcome}`),
    [
      'call send: one',
      'call send: there already: one',
      'pause queue mail: done',
      'rate limit task send: 5/m',
      'purge queue mail: 1 job',
      'prune REVOKED for longer than 1h: 0 jobs',
    ],
  )
  assert.ok(entries.every(({ user }) => user === `cli:${userInfo().username}`))
})

test('purge asks, and ends what waits in the queue', async () => {
  const { on, enqueue } = opened()
  await enqueue('send', [], { queue: 'mail' })
  await enqueue('send', [], { queue: 'mail', countdown: '1h' })
  await enqueue('send')
  const asked = await celeriac('purge', 'mail', ...on)
  assert.equal(asked.code, 2)
  assert.match(asked.stderr, /Revoke the 2 jobs waiting in queue "mail"\?/)
  assert.deepEqual(await json(['purge', 'mail', '--yes', ...on]), { queue: 'mail', purged: 2 })
  assert.deepEqual((await json<Job[]>(['tasks', 'state:revoked', ...on])).length, 2)
  const empty = await celeriac('purge', 'mail', ...on)
  assert.deepEqual([empty.code, empty.stdout], [0, '0 jobs revoked\n'])
})

test('on a terminal a no does nothing, and a yes does it', {
  skip: !(await hasScript()) && 'script(1) of util-linux is not installed',
}, async () => {
  const { on, enqueue } = opened()
  await enqueue('send', [], { queue: 'mail' })
  const answer = async (text: string): Promise<string> => {
    const child = promisify(execFile)('script', [
      '-qec',
      `${process.execPath} ${main} purge mail ${on.join(' ')}`,
      '/dev/null',
    ])
    child.child.stdout?.on('data', (said: string) => {
      if (said.includes('[y/N]')) child.child.stdin?.write(`${text}\r`)
    })
    return (await child.catch((error) => error as { stdout: string })).stdout
  }
  assert.match(await answer('n'), /nothing was done/)
  assert.deepEqual(
    (await json<Job[]>(['tasks', ...on])).map(({ state }) => state),
    ['PENDING'],
  )
  assert.match(await answer('y'), /1 job revoked/)
  assert.deepEqual(
    (await json<Job[]>(['tasks', ...on])).map(({ state }) => state),
    ['REVOKED'],
  )
})

test('pause and resume hold back a queue or a task in a worker of another process', async () => {
  const { database, on, enqueue } = opened()
  const worker = await workerOn(database)
  assert.equal((await celeriac('pause', 'mail', ...on)).code, 0)
  assert.deepEqual(await json(['pause', '--task', 'echo', ...on]), { task: 'echo', paused: true })
  assert.match((await celeriac('status', ...on)).stdout, /^queue mail: paused for [\d.]+m?s\ntask echo: paused for /m)
  const { orders } = await json<{ orders: { kind: string; name: string; pausedAt: string }[] }>(['status', ...on])
  assert.deepEqual(
    orders.map(({ kind, name }) => `${kind} ${name}`),
    ['queue mail', 'task echo'],
  )
  const mail = await enqueue('send_mail', ['bob'], { queue: 'mail' })
  const echo = await enqueue('echo', [1])
  const add = await enqueue('add', [1, 2])
  assert.equal((await celeriac('result', add, '--wait', ...on)).stdout, '3\n')
  const [one, two] = await json<Job[]>(['inspect', 'query', mail, echo, ...on])
  assert.deepEqual([one?.state, two?.state], ['PENDING', 'PENDING'])
  assert.match((await celeriac('explain', mail, ...on)).stdout, /paused/)
  assert.equal((await celeriac('resume', 'mail', ...on)).code, 0)
  assert.equal((await celeriac('result', mail, '--wait', ...on)).stdout, 'mail to bob\n')
  assert.deepEqual(await json(['resume', '--all', ...on]), { paused: false })
  assert.equal((await celeriac('result', echo, '--wait', ...on)).stdout, '1\n')
  for (const args of [['pause'], ['resume'], ['pause', 'mail', '--task', 'x'], ['resume', 'mail', '--all']])
    assert.equal((await celeriac(...args, ...on)).code, 2, args.join(' '))
  worker.child.kill('SIGTERM')
})

test('rate-limit holds in a worker of another process, until it is lifted', async () => {
  const { database, on, enqueue } = opened()
  const worker = await workerOn(database)
  assert.equal((await celeriac('rate-limit', 'add', '1/h', ...on)).code, 0)
  const [first, second] = [await enqueue('add', [1, 2]), await enqueue('add', [3, 4])]
  assert.equal((await celeriac('result', first, '--wait', ...on)).stdout, '3\n')
  assert.match((await celeriac('explain', second, ...on)).stdout, /rate|limit/)
  assert.match((await celeriac('inspect', 'queues', ...on)).stdout, /^task add: at most 1\/h, by order$/m)
  assert.deepEqual(await json(['rate-limit', 'add', 'none', ...on]), { task: 'add', rate: 'none' })
  assert.equal((await celeriac('result', second, '--wait', ...on)).stdout, '7\n')
  assert.deepEqual(await json(['rate-limit', '--queue', 'mail', '5/m', ...on]), { queue: 'mail', rate: '5/m' })
  for (const args of [['add'], ['add', 'often'], ['add', '1/s', '--queue', 'mail']])
    assert.equal((await celeriac('rate-limit', ...args, ...on)).code, 2, args.join(' '))
  worker.child.kill('SIGTERM')
})

describe('asking the processes', () => {
  test('ping, stats, reserved, pool and shutdown of every live process', async () => {
    const { database, on } = opened()
    const workers = [await workerOn(database), await workerOn(database)]
    const pids = workers.map(({ child }) => child.pid as number).sort()
    const pings = await json<{ pid: number; worker: string; value: { fault: null } }[]>(['inspect', 'ping', ...on])
    assert.deepEqual(pings.map(({ pid }) => pid).sort(), pids)
    assert.match((await celeriac('inspect', 'ping', ...on)).stdout, new RegExp(`^pid ${pids[0]} on .*: pong$`, 'm'))
    const one = pings[0]?.worker as string
    assert.equal((await json<object[]>(['inspect', 'ping', '--worker', one, ...on])).length, 1)
    assert.deepEqual(
      await json<{ value: object[] }[]>(['inspect', 'reserved', ...on]).then((all) => all.map(({ value }) => value)),
      [[], []],
    )

    assert.match((await celeriac('pool', '3', '--worker', one, ...on)).stdout, /^pid \d+: at most 3 threads\n$/)
    const stats = await json<{ worker: string; value: { concurrency: number } }[]>(['inspect', 'stats', ...on])
    assert.deepEqual(stats.map(({ worker, value }) => [worker === one, value.concurrency]).sort(), [
      [false, 2],
      [true, 3],
    ])
    assert.match(
      (await celeriac('inspect', 'stats', ...on)).stdout,
      /^PID +HOST +ROLE +THREADS +CONCURRENCY +RESTARTS +MEMORY +KEY\n/,
    )

    const asked = await celeriac('shutdown', ...on)
    assert.equal(asked.code, 2)
    assert.match(asked.stderr, /Stop the app in pid \d+, \d+\?/)
    assert.equal((await celeriac('shutdown', '--yes', '--drain', '0', ...on)).code, 0)
    for (const worker of workers) assert.equal((await worker.ended()).code, 0)
    await until(async () => (await json<object[]>(['inspect', 'workers', ...on])).length === 0, 'both to be gone')
  })

  test('69 when there is none', async () => {
    const { on, app } = opened()
    await app.inspect.ping()
    for (const args of [
      ['inspect', 'ping'],
      ['inspect', 'stats'],
      ['inspect', 'reserved'],
      ['pool', '2'],
      ['shutdown', '--yes'],
    ]) {
      const { code, stdout, stderr } = await celeriac(...args, ...on)
      assert.deepEqual([code, stdout], [69, ''], args.join(' '))
      assert.match(stderr, /no live process answered/)
    }
  })
})

test('dashboard serves this machine, to who has the token', async () => {
  const { on, app, enqueue } = opened()
  await enqueue('send')
  await app.inspect.ping()
  const serving = new Running(['dashboard', '--port', '0', '--json', ...on])
  await serving.says('Ctrl-C ends it')
  const { url } = JSON.parse(serving.stdout) as { url: string }
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/)
  assert.equal((await fetch(new URL('/', url))).status, 401)
  const entered = await fetch(url, { redirect: 'manual' })
  const cookie = entered.headers.get('set-cookie')?.split(';')[0] as string
  const page = await fetch(new URL('/', url), { headers: { cookie } })
  assert.equal(page.status, 200)
  assert.match(await page.text(), /<html/)
  const taken = await celeriac('dashboard', '--port', new URL(url).port, ...on)
  assert.equal(taken.code, 1)
  assert.match(taken.stderr, /port \d+ is taken/)
  serving.child.kill('SIGINT')
  assert.equal((await serving.ended()).code, 0)
})

async function hasScript(): Promise<boolean> {
  return promisify(execFile)('script', ['--version']).then(
    () => true,
    () => false,
  )
}
