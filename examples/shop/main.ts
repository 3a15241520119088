/**
 * The shop's story on three years of real sales: `npm start`. With `-- --serve` it then stays up as a web server until
 * Ctrl-C. What it makes goes to var/, or to the folder that SHOP_DIR names.
 */
import { once } from 'node:events'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { showInspect } from './about.ts'
import { admin, adminAddress } from './admin.ts'
import { app, databaseFile } from './app.ts'
import { type Connection, openShop } from './database.ts'
import { reportEveryDay, showEarlierReports } from './every-day.ts'
import { formatNumber } from './format.ts'
import { loadSales } from './load-sales.ts'
import { type Mailbox, openMailbox } from './mailbox.ts'
import { showSchedule } from './schedules.ts'
import { listen } from './server.ts'
import { showSignUps } from './signup-story.ts'
import { add } from './tasks.ts'
import { heading, line, progress } from './terminal.ts'

const { values: options } = parseArgs({
  options: { serve: { type: 'boolean', default: false }, port: { type: 'string', default: '3000' } },
})

// The first Ctrl-C ends what is under way and stops in good order; a second one has Node's own, immediate effect.
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())

const db = openShop()
let serving = false
const mailbox = await openMailbox((to) => {
  if (serving) line(`mail delivered to ${to.join(', ')}`)
})
try {
  await tellStory(db, mailbox, stopping.signal)
  if (options.serve) await serve(db, mailbox, stopping.signal)
} catch (error) {
  if (!stopping.signal.aborted) throw error
  heading('Interrupted: what is not done yet waits in the file and goes on at the next start')
  process.exitCode = 130
} finally {
  await app.stop()
  await mailbox.close()
  db.close()
}

async function tellStory(db: Connection, mailbox: Mailbox, signal: AbortSignal): Promise<void> {
  heading(`1. Sales, in ${relative(process.cwd(), databaseFile)}`)
  await load(db)

  heading('2. A first task: await (await add.delay(2, 3)).get()')
  await app.start()
  const sum = await add.delay(2, 3)
  console.log(await sum.get({ signal }))

  heading('3. Reports of earlier runs')
  await showEarlierReports(db, signal)

  heading('4. A report for every day, by generateReport on the pool')
  await reportEveryDay(db, signal)

  heading('5. Sign-ups: the user and the e-mail in one transaction')
  await showSignUps(db, mailbox, signal)

  heading('6. A schedule: daily-report, at 06:00 in Madrid')
  await showSchedule(signal)

  heading('7. What the app knows of itself')
  await showInspect()
}

async function load(db: Connection): Promise<void> {
  const file = fileURLToPath(import.meta.resolve('@observablehq/sample-datasets/pizza.csv'))
  let bar: ReturnType<typeof progress> | undefined
  const loaded = await loadSales(db, file, (done, total) => {
    bar ??= progress('lines', total)
    bar.to(done)
  })
  bar?.end()
  for (const { line: number, reason } of loaded.bad) line(`line ${number} is left out: ${reason}`)
  const lines = `${formatNumber(loaded.lines)} order lines`
  if (loaded.before) line(`${lines}, loaded by an earlier run at ${loaded.before}`)
  else line(`${lines} loaded, ${formatNumber(loaded.bad.length)} left out`)
}

async function serve(db: Connection, mailbox: Mailbox, signal: AbortSignal): Promise<void> {
  const server = await listen({ db, smtp: mailbox.url }, Number(options.port))
  const address = server.address() as { port: number }
  serving = true
  heading(`The shop is open at http://127.0.0.1:${address.port}/ until Ctrl-C`)
  line(`its tasks, their results and schedules: ${adminAddress(address.port)}`)
  line('sign up on that page, or with:')
  line(
    `curl -d '{"name": "Ada", "email": "ada@example.org"}' -H 'content-type: application/json' http://127.0.0.1:${address.port}/users`,
  )
  if (!signal.aborted) await once(signal, 'abort')
  heading('Closing')
  const closed = once(server, 'close')
  admin.close()
  server.close()
  server.closeIdleConnections()
  await closed
}
