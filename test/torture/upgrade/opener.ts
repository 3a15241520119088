/**
 * Opens a file by the library that this program belongs to, today's or the next one:
 * `migrate` does no more than that, `use` reads what was stored and runs a job, and both say how it went.
 */
import { Celeriac, CeleriacError } from 'celeriac'
import { openDatabase } from '../../../lib/store/open.ts'

const [what, database] = process.argv.slice(2) as ['migrate' | 'use', string]
const quiet = (): void => {}
const say = (text: string): void => console.log(text)

async function use(): Promise<void> {
  const app = new Celeriac({ database, logger: { debug: quiet, info: quiet, warn: quiet, error: quiet } })
  const double = app.task('double', { runIn: 'main' }, (n: number) => n * 2)
  try {
    await app.start()
    const { states } = await app.inspect.stats()
    const { jobs } = await app.inspect.jobs()
    for (const { id } of jobs.slice(0, 3)) await app.result(id).info()
    const result = await (await double.delay(21)).get()
    say(`used ${result} ${states.SUCCESS}`)
  } finally {
    await app.stop({ drain: 0, grace: 0 })
  }
}

try {
  if (what === 'migrate') {
    openDatabase(database).close()
    say('migrated')
  } else await use()
} catch (error) {
  say(`refused ${error instanceof CeleriacError ? error.code : String(error)}`)
}
