import { WAITING_STATES } from '../../domain/states.ts'
import type { Call } from '../command.ts'
import { confirm } from '../confirm.ts'
import { FAILED, OK } from '../exit.ts'
import { toJson } from '../output/json.ts'
import { count, safe } from '../output/text.ts'
import { recorded } from '../recorded.ts'
import { isFilter, selectionOf } from '../selection.ts'

export async function run(call: Call): Promise<number> {
  const { terminal, opening, json, yes, options } = call
  const { jobs, said, named } = selectionOf(call)
  const app = await opening.producer()
  if (isFilter(jobs)) {
    const meant = await app.inspect.count({ ...jobs, state: jobs.state ?? [...WAITING_STATES, 'STARTED'] })
    await confirm(`Revoke ${count(meant, 'job')} (${safe(said)})? There is no undo.`, yes, terminal)
  }
  const settings = {
    terminate: options.terminate === true,
    ...(options.reason !== undefined && { reason: String(options.reason) }),
  }
  const revoked = await recorded(
    app,
    'revoke',
    said,
    () => app.control.revoke(jobs, settings),
    (number) => count(number, 'job'),
  )
  terminal.print(json ? toJson({ revoked }, 2) : `${count(revoked, 'job')} revoked`)
  if (named && revoked === 0) terminal.say('none of them waits or runs')
  return named && revoked === 0 ? FAILED : OK
}
