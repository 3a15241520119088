/**
 * Starts on a file whose only process was killed, and reports when the orphan and the job behind it began.
 * Arguments: database, id of the orphan, id of the job behind it.
 */
import { openApp } from '../ours/app.ts'
import { argument, endWithParent, report } from './entry.ts'

endWithParent()
const { app } = await openApp(argument(0))
await app.start()
const [orphan, behind] = await Promise.all([
  app.result<number>(argument(1)).get({ timeout: 60_000 }),
  app.result<number>(argument(2)).get({ timeout: 60_000 }),
])
await app.stop()
report({ orphan, behind })
process.disconnect()
