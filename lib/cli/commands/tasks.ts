import type { JobInfo } from '../../job-info.ts'
import type { Call } from '../command.ts'
import { filterOf } from '../filter.ts'
import { wholeNumber } from '../numbers.ts'
import { toJson } from '../output/json.ts'

const MOST = 100_000
const PAGE = 1_000

export async function run({ terminal, opening, json, args, options }: Call): Promise<undefined> {
  const filter = filterOf(args, options)
  const limit = wholeNumber(options.limit, '--limit', 50, 1, MOST)
  const reader = await opening.reader()
  const jobs: JobInfo[] = []
  let after: number | null = null
  let more = true
  while (more && jobs.length < limit) {
    const page = await reader.jobs(filter, { after, limit: Math.min(PAGE, limit - jobs.length) })
    jobs.push(...page.jobs)
    after = page.next
    more = after !== null
  }
  if (json) terminal.print(toJson(jobs, 2))
  else if (jobs.length === 0) terminal.say('no job is meant by this filter')
  else {
    const { jobTable } = await import('../output/views.ts')
    terminal.print(jobTable(jobs, terminal.now(), terminal))
  }
  if (more && jobs.length > 0) terminal.say(`there may be more: --limit ${limit * 10}`)
}
