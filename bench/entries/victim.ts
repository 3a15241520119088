/**
 * Starts a job that hangs in this process only, and one more behind it, then waits to be killed.
 * Arguments: database, marker file that says that the job runs here.
 */
import { existsSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openApp } from '../ours/app.ts'
import { argument, endWithParent, report } from './entry.ts'

endWithParent()
const marker = argument(1)
const { app, orphan, hold } = await openApp(argument(0), 1)
await app.start()

/** Another live process may have been quicker: then the job ends there, and this one tries again. */
async function hangHere(): Promise<string> {
  for (;;) {
    const handle = await orphan.delay(process.pid, marker)
    let elsewhere = false
    const ended = handle.get({ timeout: 60_000 }).then(() => {
      elsewhere = true
    })
    ended.catch(() => undefined)
    while (!elsewhere) {
      if (existsSync(marker)) return handle.id
      await sleep(2)
    }
  }
}

const id = await hangHere()
rmSync(marker)
const behind = await hold.delay(0)
report({ id, behind: behind.id })
