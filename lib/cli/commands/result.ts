import { isFinal } from '../../domain/states.ts'
import type { Call } from '../command.ts'
import { printOutcome } from '../output/outcome.ts'
import { patience, unknownJob, untilEnded } from '../waiting.ts'

export async function run({ terminal, opening, json, args, options }: Call): Promise<number> {
  const id = args[0] as string
  const longest = patience(options.timeout)
  const reader = await opening.reader()
  const job = options.wait ? await untilEnded(reader, id, longest) : (await reader.job(id))?.job
  if (!job) throw unknownJob(id)
  if (!isFinal(job.state) && !json) terminal.say('it has not ended; --wait waits for it')
  return printOutcome(job, json, options.traceback === true, terminal)
}
