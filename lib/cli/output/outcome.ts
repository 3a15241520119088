import { inspect } from 'node:util'
import type { JobInfo } from '../../job-info.ts'
import { FAILED, OK } from '../exit.ts'
import type { Terminal } from '../terminal.ts'
import { toJson } from './json.ts'
import { safe } from './text.ts'

/** Says how a job ended, or where it stands. 0 for success, 1 for anything else. */
export async function printOutcome(
  job: JobInfo,
  json: boolean,
  traceback: boolean,
  terminal: Terminal,
): Promise<number> {
  const { id, task, state, result, error, revokeReason } = job
  if (json) terminal.print(toJson({ id, task, state, result: result ?? null, error, revokeReason }, 2))
  else if (state === 'SUCCESS') printValue(result, terminal)
  else {
    const why = state === 'FAILURE' || state === 'RETRY' ? error && `${error.name}: ${error.message}` : revokeReason
    terminal.say(`${safe(task)} (job ${id}) is ${state}${why ? `: ${safe(why)}` : ''}`)
    if (traceback && error) {
      const { errorLines } = await import('./job-page.ts')
      for (const line of errorLines(error)) terminal.say(line)
    }
  }
  return state === 'SUCCESS' ? OK : FAILED
}

/** A text as it is, as a program would print it; anything else as JSON, or as Node shows it where JSON has no word. */
function printValue(value: unknown, terminal: Terminal): undefined {
  if (value === undefined) return
  if (typeof value === 'string')
    return terminal.print(terminal.output.isTTY ? value.split('\n').map(safe).join('\n') : value)
  const plain =
    JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? undefined : member)) === toJson(value)
  terminal.print(plain ? toJson(value, 2) : inspect(value, { depth: null, colors: terminal.colour }))
}
