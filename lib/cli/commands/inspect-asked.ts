import type { Call } from '../command.ts'
import { bytes, span } from '../output/text.ts'
import { asked, printReplies } from '../replies.ts'

/** What only the processes themselves know: they are asked through the file. */
export async function ping(call: Call): Promise<number> {
  const { terminal } = call
  const replies = await (await call.opening.producer()).inspect.ping(asked(call))
  return printReplies(replies, call, (answered) => {
    for (const { pid, host, value } of answered)
      terminal.print(
        value.fault ? `pid ${pid} on ${host}: cannot write: ${value.fault.message}` : `pid ${pid} on ${host}: pong`,
      )
  })
}

export async function stats(call: Call): Promise<number> {
  const replies = await (await call.opening.producer()).inspect.stats(asked(call))
  return printReplies(replies, call, async (answered) => {
    const { table } = await import('../output/table.ts')
    const columns = ['PID', 'HOST', 'ROLE', 'THREADS', 'CONCURRENCY', 'RESTARTS', 'MEMORY', 'KEY'].map((heading) => ({
      heading,
    }))
    const rows = answered.map(({ pid, host, worker, value }) => [
      pid,
      host,
      value.role ?? '-',
      value.threads,
      value.concurrency,
      value.restarts,
      bytes(value.memory),
      worker,
    ])
    call.terminal.print(table(columns, rows, call.terminal))
    const { file } = await (await call.opening.reader()).overview()
    call.terminal.print(`\n${file.path}  ${bytes(file.bytes)}, write-ahead log ${bytes(file.walBytes)}`)
  })
}

export async function reserved(call: Call): Promise<number> {
  const replies = await (await call.opening.producer()).inspect.reserved(asked(call))
  return printReplies(replies, call, async (answered) => {
    const jobs = answered.flatMap(({ pid, value }) => value.map((job) => ({ pid, job })))
    if (jobs.length === 0) return void call.terminal.say('no job is handed out and not begun')
    const [{ table }, { briefArgs }] = await Promise.all([import('../output/table.ts'), import('../output/views.ts')])
    const columns = [
      { heading: 'ID' },
      { heading: 'TASK', flexible: true },
      { heading: 'QUEUE' },
      { heading: 'PID', right: true },
      { heading: 'WAITED', right: true },
      { heading: 'ARGUMENTS', flexible: true },
    ]
    const now = call.terminal.now()
    const rows = jobs.map(({ pid, job }) => [
      job.id,
      job.task,
      job.queue,
      pid,
      span(now - job.enqueuedAt.getTime()),
      briefArgs(job.args),
    ])
    call.terminal.print(table(columns, rows, call.terminal))
  })
}
