/** The last process of a run: works off what is left, hears what was promised, and stops in good order. */
import { app } from './app.ts'
import { idle } from './idle.ts'
import { reportLater, unreported } from './reports.ts'

const { patience } = JSON.parse(process.argv[2]!) as { patience?: number }

process.on('disconnect', () => process.exit(1))
await app.start()
// When something never ends, the checker says so: it finds the job in the file.
if (await idle(patience)) await Promise.allSettled(unreported().slice(-200).map(reportLater))
await app.stop({ drain: 0, grace: 0 })
process.removeAllListeners('disconnect')
process.disconnect?.()
