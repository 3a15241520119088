import type { JobInfo } from '../../job-info.ts'
import type { Call } from '../command.ts'
import { FAILED, OK, wrongUse } from '../exit.ts'
import { toJson } from '../output/json.ts'
import { count } from '../output/text.ts'

/** Most jobs of a list. */
const LISTED = 1_000

type Look = (call: Call) => Promise<number | undefined>

const LOOKS: Readonly<Record<string, Look>> = {
  active,
  scheduled,
  queues,
  workers,
  query,
  ping: async (call) => (await import('./inspect-asked.ts')).ping(call),
  stats: async (call) => (await import('./inspect-asked.ts')).stats(call),
  reserved: async (call) => (await import('./inspect-asked.ts')).reserved(call),
  registered: async (call) => (await import('./inspect-registered.ts')).run(call),
  report: async (call) => (await import('./report.ts')).run(call),
}

/** Mostly reads the file, so it answers whether or not anything consumes it. */
export async function run(call: Call): Promise<number | undefined> {
  const [what = '', ...ids] = call.args
  if (ids.length > 0 && what !== 'query') wrongUse(`inspect ${what} takes nothing more, and was given ${ids[0]}`)
  return (LOOKS[what] as Look)(call)
}

async function active({ terminal, opening, json }: Call): Promise<undefined> {
  const reader = await opening.reader()
  const { jobs } = await reader.jobs({ state: 'STARTED' }, { limit: LISTED })
  jobs.sort((a, b) => Number(a.startedAt) - Number(b.startedAt))
  if (json) return terminal.print(toJson(jobs, 2))
  if (jobs.length === 0) return terminal.say('nothing runs')
  const pids = new Map((await reader.workers()).map(({ key, pid }) => [key, pid]))
  const [{ table }, { ago }, { brief, briefArgs, threadCell }] = await Promise.all([
    import('../output/table.ts'),
    import('../output/text.ts'),
    import('../output/views.ts'),
  ])
  const now = terminal.now()
  terminal.print(
    table(
      [
        { heading: 'ID' },
        { heading: 'TASK', flexible: true },
        { heading: 'QUEUE', optional: true },
        { heading: 'ATTEMPT', right: true, optional: true },
        { heading: 'FOR', right: true },
        { heading: 'PID', right: true, optional: true },
        { heading: 'THREAD', right: true, optional: true },
        { heading: 'PROGRESS', flexible: true, optional: true },
        { heading: 'ARGUMENTS', flexible: true },
      ],
      jobs.map((job) => [
        job.id,
        job.task,
        job.queue,
        `${job.attempt}/${job.maxAttempts}`,
        ago(job.startedAt, now),
        pids.get(job.worker ?? '') ?? '-',
        threadCell(job.thread),
        job.progress === null ? '' : brief(job.progress),
        briefArgs(job.args),
      ]),
      terminal,
    ),
  )
}

async function scheduled({ terminal, opening, json }: Call): Promise<undefined> {
  const reader = await opening.reader()
  const { jobs } = await reader.jobs({ state: ['SCHEDULED', 'RETRY'] }, { limit: LISTED })
  jobs.sort((a, b) => Number(a.eta) - Number(b.eta))
  if (json) return terminal.print(toJson(jobs, 2))
  if (jobs.length === 0) return terminal.say('nothing waits for its time')
  const [{ table }, { span }, { briefArgs, stateCell }] = await Promise.all([
    import('../output/table.ts'),
    import('../output/text.ts'),
    import('../output/views.ts'),
  ])
  const now = terminal.now()
  const due = ({ eta }: JobInfo): string => (eta ? `in ${span(eta.getTime() - now)}` : '-')
  terminal.print(
    table(
      [
        { heading: 'ID' },
        { heading: 'TASK', flexible: true },
        { heading: 'QUEUE', optional: true },
        { heading: 'STATE' },
        { heading: 'ATTEMPT', right: true, optional: true },
        { heading: 'DUE', right: true },
        { heading: 'ARGUMENTS', flexible: true },
      ],
      jobs.map((job) => [
        job.id,
        job.task,
        job.queue,
        stateCell(job.state),
        `${job.attempt}/${job.maxAttempts}`,
        due(job),
        briefArgs(job.args),
      ]),
      terminal,
    ),
  )
}

async function queues({ terminal, opening, json }: Call): Promise<undefined> {
  const reader = await opening.reader()
  const [list, orders] = await Promise.all([reader.queues(), reader.orders()])
  const { orderText, queueData, queueTable } = await import('../output/views.ts')
  if (json) return terminal.print(toJson(list.map(queueData), 2))
  if (list.length === 0) terminal.say('no queue has jobs that wait or run')
  else terminal.print(queueTable(list, terminal.now(), terminal))
  for (const order of orders) terminal.print(orderText(order, terminal.now(), terminal))
}

async function workers({ terminal, opening, json }: Call): Promise<undefined> {
  const list = await (await opening.reader()).workers()
  const { workerData, workerTable } = await import('../output/views.ts')
  if (json) terminal.print(toJson(list.map(workerData), 2))
  else if (list.length === 0) terminal.say('no process consumes this file')
  else terminal.print(workerTable(list, terminal.now(), terminal))
}

async function query({ terminal, opening, json, args }: Call): Promise<number> {
  const ids = args.slice(1)
  if (ids.length === 0) wrongUse('inspect query needs the id of a job')
  const reader = await opening.reader()
  const pages = await Promise.all(ids.map((id) => reader.job(id)))
  const missing = ids.filter((_, i) => pages[i] === null)
  const found = pages.filter((page) => page !== null)
  if (json) {
    const data = found.map(({ job, log, children }) => ({ ...job, log, children }))
    terminal.print(toJson(data, 2))
  } else {
    const { jobPage } = await import('../output/job-page.ts')
    terminal.print(found.map((page) => jobPage(page, terminal.now(), terminal)).join('\n\n\n'))
  }
  for (const id of missing) terminal.say(`no job ${id} is stored in this file`)
  if (missing.length > 0) terminal.say(`${count(missing.length, 'job')} not found`)
  return missing.length > 0 ? FAILED : OK
}
