/** Fires schedules and runs their jobs: a periodic one, and one-off ones at the times it is told. */
import { app, slotted } from './app.ts'
import { idle } from './idle.ts'

const { last = false } = JSON.parse(process.argv[2]!) as { last?: boolean }

process.on('disconnect', () => process.exit(1))
process.on('message', (message) => void setAll(JSON.parse(String(message)) as number[]))
app.schedule('each-second', { every: '1s', run: slotted.s('each-second'), overlap: 'allow' })
await app.start()
process.send?.('working')
if (last) {
  await app.schedules.pause('each-second')
  await idle()
  await app.stop()
  process.removeAllListeners('disconnect')
  process.disconnect?.()
}

async function setAll(times: number[]): Promise<void> {
  await Promise.all(times.map((at) => app.schedules.set(`at-${at}`, { at, run: slotted.s(`at-${at}`) })))
  process.send?.('set')
}
