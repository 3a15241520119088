/** Consumes, or not; enqueues what it is told to; and kills itself at the hop that it is told. */
import type { AsyncResult, Task } from 'celeriac'
import type { Call, HopOrders } from '../calls.ts'
import {
  app,
  busy,
  database,
  deadly,
  dying,
  endless,
  exiting,
  flaky,
  gated,
  hanging,
  instant,
  log,
  poison,
  poisonOnce,
  waiting,
} from './app.ts'
import { idle } from './idle.ts'
import { report } from './reports.ts'

type AnyTask = Task<(...args: unknown[]) => unknown>

const TASKS = {
  instant,
  busy,
  waiting,
  flaky,
  gated,
  dying,
  hanging,
  deadly,
  poison,
  poisonOnce,
  endless,
  exiting,
}

const {
  consume = false,
  calls = [],
  on = 'start',
  way = 'delay',
  die,
  untilIdle = false,
} = JSON.parse(process.argv[2]!) as HopOrders

class TakenBack extends Error {}

process.on('disconnect', () => process.exit(1))
process.on('message', (message) => {
  if (message === 'go') void ask(calls)
  if (String(message).startsWith('hang ')) void ask([{ task: 'hanging', args: [String(message).slice(5)] }])
  if (message === 'ping') void app.inspect.ping().then(() => process.send?.('pong'))
  if (message === 'stop') void stop({})
  if (message === 'stop now') void stop({ drain: 0, grace: 0 })
})

if (consume) await app.start()
else await app.inspect.ping()
process.send?.('ready')
if (on === 'start' && calls.length > 0) await ask(calls)
if (untilIdle) {
  await idle()
  await stop({})
}

async function ask(calls: Call[]): Promise<void> {
  for (const { args } of calls)
    log.write({ what: 'asked', key: args[0], within: way === 'commit' || way === 'rollback' })
  if (way === 'commit' || way === 'rollback') {
    acknowledge(calls, await askWithin(calls))
    return
  }
  const stored = way === 'many' ? taskOf(calls[0]!).delayMany(calls.map(({ args }) => args)) : askEach(calls)
  if (die === 'called') end()
  if (die === 'posted') setImmediate(end)
  process.send?.('asked')
  acknowledge(calls, await stored)
  if (die === 'acknowledged') end()
}

function askEach(calls: Call[]): Promise<AsyncResult[]> {
  return Promise.all(calls.map((call) => taskOf(call).delay(...call.args)))
}

/** The jobs and rows of the application's own table in one transaction. */
async function askWithin(calls: Call[]): Promise<AsyncResult[]> {
  const { default: Database } = await import('better-sqlite3')
  const db = new Database(database, { timeout: 10_000 })
  let handles: AsyncResult[] = []
  try {
    db.transaction(() => {
      for (const { args } of calls) db.prepare('INSERT INTO orders (key) VALUES (?)').run(args[0])
      handles = calls.map((call) =>
        taskOf(call)
          .within(db)
          .delay(...call.args),
      )
      if (die === 'before-commit') end()
      if (way === 'rollback') throw new TakenBack()
    }).immediate()
  } catch (error) {
    if (!(error instanceof TakenBack)) throw error
    for (const { args } of calls) log.write({ what: 'rolled-back', key: args[0] })
    return []
  }
  if (die === 'after-commit') end()
  return handles
}

function acknowledge(calls: Call[], handles: AsyncResult[]): void {
  handles.forEach((handle, i) => {
    const [key] = calls[i]!.args
    log.write({ what: 'acknowledged', key, id: handle.id })
    void report(key, handle)
  })
  process.send?.('acknowledged')
}

async function stop(options: { drain?: number; grace?: number }): Promise<void> {
  process.send?.('stopping')
  await app.stop(options)
  process.send?.('stopped')
  process.removeAllListeners('disconnect')
  process.disconnect()
}

function taskOf({ task }: Call): AnyTask {
  return TASKS[task] as unknown as AnyTask
}

function end(): never {
  log.write({ what: 'kill', victim: process.pid })
  process.kill(process.pid, 'SIGKILL')
  while (true);
}
