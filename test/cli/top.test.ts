/** The live view: its screen as a pure function, its keys, and one run on a real terminal. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { after, test } from 'node:test'
import { pressed } from '../../lib/cli/top/keys.ts'
import { render } from '../../lib/cli/top/render.ts'
import { FIRST_STATE, type TopState } from '../../lib/cli/top/state.ts'
import { celeriac, json, main, Running, shop, shopOn } from '../fixtures/cli/command.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { until } from '../fixtures/until.ts'

const NOW = Date.UTC(2026, 0, 31, 6)
const line = (id: string, task: string, queue: string, seconds: number, thread = 1) =>
  ({
    id,
    task,
    queue,
    state: 'STARTED',
    attempt: 1,
    enqueuedAt: NOW,
    startedAt: NOW - seconds * 1_000,
    finishedAt: null,
    thread,
  }) as const
const states = {
  SCHEDULED: 4,
  PENDING: 12,
  BLOCKED: 0,
  STARTED: 3,
  RETRY: 1,
  SUCCESS: 0,
  FAILURE: 2,
  REVOKED: 0,
  EXPIRED: 0,
}
const minute = { at: NOW, success: 9, failure: 2, revoked: 0, expired: 0, retries: 0, crashes: 0 }
const quantiles = { count: 11, mean: 20, p50: 12, p95: 4_300, p99: 9_000 }

const STATE: TopState = {
  ...FIRST_STATE,
  seen: {
    overview: {
      at: NOW,
      states,
      oldestWaiting: NOW - 200_000,
      workers: 1,
      threads: 4,
      prunedUntil: 0,
      file: { path: '/var/shop.db', bytes: 3 * 1024 * 1024, walBytes: 2048, freeBytes: 0 },
    },
    workers: [
      {
        key: 'one',
        app: 'shop',
        host: 'here',
        pid: 77,
        role: 'worker',
        threads: 4,
        startedAt: NOW - 1,
        beatAt: NOW,
        alive: true,
        silentSince: null,
        tasks: [],
        running: [
          line('c', 'resize', 'images', 5, 0),
          line('a', 'send', 'mail', 90),
          line('b', 'clean\u001b[2Jup', 'default', 1),
        ],
      },
    ],
    queues: [
      {
        queue: 'images',
        pending: 2,
        running: 1,
        oldest: NOW - 3_000,
        tasks: [{ task: 'resize', pending: 2, running: 1, handled: true }],
      },
      {
        queue: 'mail',
        pending: 10,
        running: 1,
        oldest: NOW - 200_000,
        tasks: [{ task: 'send', pending: 10, running: 1, handled: false }],
      },
    ],
    throughput: [{ ...minute, run: quantiles, wait: quantiles }],
    ended: 11,
    endedPerSecond: 3.25,
  } as unknown as NonNullable<TopState['seen']>,
}
const screen = { width: 100, height: 30, paint: (_: string, text: string): string => text }

test('the screen shows processes, rates, queues and what runs, the longest first', () => {
  assert.equal(
    render(STATE, screen),
    `/var/shop.db  3.0 MiB, wal 2.0 KiB  2026-01-31 06:00:00Z
1 process · 2 of 4 threads busy · 1 on main · 12 waiting · 5 scheduled · oldest 3m20s
3.3/s ended · run p50 12ms p95 4.3s · wait p95 4.3s · 2 failures in 1 min

   QUEUE   WAITING  RUNNING  OLDEST  NO HANDLER
   images        2        1      3s           0
   mail         10        1   3m20s          10

   PID  THREAD  TASK              QUEUE    ATTEMPT   FOR*  ID
>   77       1  send              mail           1  1m30s  a
    77    main  resize            images         1     5s  c
    77       1  clean\\u001b[2Jup  default        1     1s  b

q quit  s sort  tab jobs/queues  j k choose  P pause  U resume  R revoke  T terminate  ? help`,
  )
})

test('it fits any screen, and keeps the chosen job on it', () => {
  const seen = STATE.seen as NonNullable<TopState['seen']>
  const many = Array.from({ length: 200 }, (_, i) => line(`job-${String(i).padStart(3, '0')}`, 'send', 'mail', 200 - i))
  const workers = [{ ...(seen.workers[0] as (typeof seen.workers)[number]), running: many }]
  for (const [width, height] of [
    [80, 24],
    [60, 12],
    [200, 60],
  ] as const) {
    const text = render({ ...STATE, seen: { ...seen, workers }, chosen: 'job-150' }, { ...screen, width, height })
    assert.match(text, /^1 process · 4 of 4 threads busy · 12 waiting/m)
    assert.ok(text.split('\n').length <= height, `${text.split('\n').length} lines on ${height}`)
    if (height >= 24) assert.match(text, /^> .*job-150$/m)
  }
})

test('before the first look, with nothing to see, and with help', () => {
  assert.equal(render(FIRST_STATE, screen), 'looking …')
  const seen = { ...(STATE.seen as NonNullable<TopState['seen']>), workers: [], queues: [] }
  const empty = render({ ...STATE, seen, help: true }, screen)
  assert.match(empty, /^no queue has jobs that wait or run$/m)
  assert.match(empty, /^nothing runs$/m)
  assert.match(empty, /^ {2}R {8}revoke the job$/m)
})

test('keys sort, choose and switch; only capitals ask for a deed', () => {
  const after = (...keys: string[]) =>
    keys.reduce((last, key) => pressed(last.state, key), { state: STATE, deed: null } as ReturnType<typeof pressed>)
  assert.equal(after('s').state.sort, 'task')
  assert.equal(after('s', 's', 's').state.sort, 'time')
  assert.match(render(after('s').state, screen), /TASK\*[\s\S]*> .*clean[\s\S]*resize[\s\S]*send/)
  assert.equal(after('j').state.chosen, 'c')
  assert.equal(after('j', 'down', 'j', 'j').state.chosen, 'b')
  assert.equal(after('j', 'up', 'k').state.chosen, 'a')
  assert.deepEqual(after('R').deed, { do: 'revoke', target: 'a' })
  assert.deepEqual(after('j', 'T').deed, { do: 'terminate', target: 'c' })
  assert.deepEqual(after('tab', 'j', 'P').deed, { do: 'pause', target: 'mail' })
  assert.deepEqual(after('tab', 'U').deed, { do: 'resume', target: 'images' })
  assert.equal(after('P').deed, null)
  assert.match(after('P').state.notice ?? '', /pause is for a queue: tab goes there/)
  for (const key of ['r', 't', 'p', 'u', 'x', '']) assert.equal(after(key).deed, null)
  for (const key of ['q', 'ctrl+c']) assert.deepEqual(after(key).deed, { do: 'quit' })
})

test('top without a terminal says so', async () => {
  const { code, stderr } = await celeriac('top', '--database', freshDatabase())
  assert.equal(code, 2)
  assert.match(stderr, /top needs a terminal/)
})

const noScript = spawnSync('script', ['--version']).error ? 'script(1) of util-linux is not installed' : false

test('on a real terminal: shows what runs, revokes it, and leaves the screen as it was', {
  skip: noScript,
}, async () => {
  const database = freshDatabase()
  const worker = new Running(['worker', '-A', shop], { DATABASE: database })
  await worker.says('worker of shop')
  const journal = new Journal()
  const { stdout } = await celeriac('call', 'heed', journal.path, '-A', shopOn(database))
  const id = stdout.trim()
  await journal.has('heeding')
  const terminal = spawn('script', ['-qec', `${process.execPath} ${main} top --database ${database}`, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', COLUMNS: '120', LINES: '30' },
  })
  after(() => void terminal.kill('SIGKILL'))
  let said = ''
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await until(() => said.includes(id), 'the running job on the screen')
  assert.ok(said.includes('\u001b[?1049h'), 'the alternate screen')
  terminal.stdin.write('R')
  await until(() => said.includes(`job ${id} was told to end`), 'the word that it was revoked')
  await until(() => said.includes('nothing runs'), 'the screen without it')
  const closed = new Promise<number | null>((resolve) => terminal.on('close', resolve))
  terminal.stdin.write('q')
  assert.equal(await closed, 0)
  assert.match(said.trimEnd(), /\[\?25h.\[\?1049l$/)
  const [job] = await json<{ state: string }[]>(['inspect', 'query', id, '--database', database])
  assert.equal(job?.state, 'REVOKED')
  worker.child.kill('SIGTERM')
})
