/** Process start → first result, the library's way. Arguments: database. */

import { openApp } from '../ours/app.ts'
import { argument, report } from './entry.ts'

const { app, noop } = await openApp(argument(0))
await app.start()
const handle = await noop.delay()
await handle.get({ timeout: 20_000 })
report({ ms: performance.now() })
await app.stop()
process.disconnect()
