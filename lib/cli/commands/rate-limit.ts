import type { Call } from '../command.ts'
import { wrongUse } from '../exit.ts'
import { toJson } from '../output/json.ts'
import { safe } from '../output/text.ts'
import { recorded } from '../recorded.ts'

/** As Celery's: a task's name and a rate; `none` lifts a limit, `declared` goes back to what the code says. */
export async function run({ terminal, opening, json, args, options }: Call): Promise<undefined> {
  const [first, second] = args
  if (options.queue !== undefined && second !== undefined) wrongUse('give a task or --queue, not both')
  const rate = options.queue === undefined ? second : first
  const [kind, name] = options.queue === undefined ? ['task', first as string] : ['queue', String(options.queue)]
  if (rate === undefined) wrongUse('give a rate such as 10/s or 100/m, or none, or declared')
  const app = await opening.producer()
  const line = kind === 'task' ? { task: name } : { queue: name }
  await recorded(
    app,
    `rate limit ${kind}`,
    name,
    () => app.control.rateLimit(line, rate === 'none' ? null : rate),
    () => rate,
  )
  if (json) terminal.print(toJson({ ...line, rate }, 2))
  else
    terminal.say(
      `${kind} ${safe(name)}: ${rate === 'none' ? 'no limit' : rate === 'declared' ? 'as declared' : `at most ${safe(rate)}`}`,
    )
}
