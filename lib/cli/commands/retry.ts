import type { Call } from '../command.ts'
import { confirm } from '../confirm.ts'
import { FAILED, OK } from '../exit.ts'
import { toJson } from '../output/json.ts'
import { count, safe } from '../output/text.ts'
import { recorded } from '../recorded.ts'
import { isFilter, selectionOf } from '../selection.ts'

export async function run(call: Call): Promise<number> {
  const { terminal, opening, json, yes } = call
  const { jobs, said, named } = selectionOf(call)
  const app = await opening.producer()
  if (isFilter(jobs)) {
    const meant = await app.inspect.count({ ...jobs, state: jobs.state ?? 'FAILURE' })
    await confirm(`Retry ${count(meant, 'job')} (${safe(said)})?`, yes, terminal)
  }
  const retried = await recorded(
    app,
    'retry',
    said,
    () => app.control.retry(jobs),
    (number) => count(number, 'job'),
  )
  terminal.print(json ? toJson({ retried }, 2) : `${count(retried, 'job')} due again`)
  return named && retried === 0 ? FAILED : OK
}
