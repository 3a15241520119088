import { prune } from '../../file-care.ts'
import type { RetentionOptions } from '../../options/retention-options.ts'
import type { Call } from '../command.ts'
import { confirm } from '../confirm.ts'
import { wrongUse } from '../exit.ts'
import { duration } from '../numbers.ts'
import { toJson } from '../output/json.ts'
import { count } from '../output/text.ts'
import { recorded } from '../recorded.ts'

const STATES = ['success', 'failure', 'revoked', 'expired'] as const

/** Deletes finished jobs by age. A state that is not named keeps its jobs: what the app keeps, the file does not know. */
export async function run({ terminal, opening, json, yes, options }: Call): Promise<undefined> {
  const retention: RetentionOptions = {}
  const words: string[] = []
  for (const state of STATES) {
    const age = options[state] ?? options.olderThan
    retention[state] = age === undefined ? 'forever' : duration(age)
    if (age !== undefined) words.push(`${state.toUpperCase()} for longer than ${String(age)}`)
  }
  if (words.length === 0)
    wrongUse('which jobs? give --older-than 30d, or --success 7d --failure 30d --revoked 7d --expired 7d')
  const database = await opening.existing()
  await confirm(`Delete the jobs that have been ${words.join(', ')}? There is no undo.`, yes, terminal)
  const producer = await opening.producer()
  const pruned = await recorded(
    producer,
    'prune',
    words.join(', '),
    () => prune(database, retention),
    (deleted) => count(deleted, 'job'),
  )
  terminal.print(json ? toJson({ pruned }, 2) : `${count(pruned, 'job')} deleted`)
}
