import { app } from './app.ts'
import { formatNumber } from './format.ts'
import { line } from './terminal.ts'

/** Prints what `app.inspect` knows of the tasks declared here and of the jobs in the file. */
export async function showInspect(): Promise<void> {
  for (const { name, queue, runIn, maxRetries } of app.inspect.registered()) {
    line(`task ${name}: queue ${queue}, runs in ${runIn}, retries ${maxRetries}`)
  }
  const { threads, concurrency, states } = await app.inspect.stats()
  line(`pool: ${threads} of at most ${concurrency} threads`)
  const jobs = Object.entries(states).map(([state, count]) => `${formatNumber(count)} ${state}`)
  line(`jobs in the file: ${jobs.join(', ')}`)
}
