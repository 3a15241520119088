import type { Call } from '../command.ts'
import { wrongUse } from '../exit.ts'
import { lineOf, steer } from './pause.ts'

export async function run(call: Call): Promise<undefined> {
  const line = lineOf(call)
  if (line === null && !call.options.all) wrongUse('give the name of a queue, --task and the name of a task, or --all')
  if (line !== null && call.options.all) wrongUse('give one of them or --all, not both')
  await steer(call, line, false)
}
