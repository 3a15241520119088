/** Consumes a file until it is told to stop. Argument: database. */
import { openApp } from '../ours/app.ts'
import { argument, endWithParent, report } from './entry.ts'

endWithParent()
const { app } = await openApp(argument(0))
await app.start()
report({})
process.on('message', async () => {
  await app.stop()
  process.exit(0)
})
