/** Makes a database with jobs of every kind, says so, and waits for its death. */
import { Celeriac } from 'celeriac'

const quiet = (): void => {}
const app = new Celeriac({
  database: process.argv[2] as string,
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
})
const double = app.task('double', { runIn: 'main' }, (n: number) => n * 2)
const fail = app.task('fail', { runIn: 'main', retry: 1 }, (n: number) => {
  throw new Error(`no ${n}`)
})
app.schedule('nightly', { cron: '0 3 * * *', run: double.s(1) })
await app.start()
const handles = await double.delayMany(Array.from({ length: 120 }, (_, i) => [i]))
await Promise.all(handles.map((handle) => handle.get()))
await fail.delay(1)
await double.applyAsync([2], { countdown: '1h', tags: ['later'], headers: { from: 'maker' } })
for (let i = 0; i < 30; i++) await double.applyAsync([i], { queue: 'elsewhere', countdown: '2h' })
process.send?.('ready')
setInterval(quiet, 1_000)
