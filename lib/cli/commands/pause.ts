import type { Line } from '../../control.ts'
import type { Call } from '../command.ts'
import { wrongUse } from '../exit.ts'
import { toJson } from '../output/json.ts'
import { safe } from '../output/text.ts'
import { recorded } from '../recorded.ts'

export async function run(call: Call): Promise<undefined> {
  const line = lineOf(call)
  if (line === null) wrongUse('give the name of a queue, or --task and the name of a task')
  await steer(call, line, true)
}

export function lineOf({ args, options }: Call): Line | null {
  const queue = args[0]
  if (queue !== undefined && options.task !== undefined) wrongUse('give a queue or --task, not both')
  if (options.task !== undefined) return { task: String(options.task) }
  return queue === undefined ? null : { queue }
}

/** @param line null for everything that is paused */
export async function steer({ terminal, opening, json }: Call, line: Line | null, paused: boolean): Promise<void> {
  const app = await opening.producer()
  const [[kind, name] = ['', 'all']] = line === null ? [] : Object.entries(line)
  const said = `${kind} ${name}`
  const { control } = app
  await recorded(app, `${paused ? 'pause' : 'resume'} ${kind}`.trim(), name, () =>
    paused ? control.pause(line as Line) : line === null ? control.resume() : control.resume(line),
  )
  if (json) terminal.print(toJson({ ...(line as object | null), paused }, 2))
  else if (line === null) terminal.say('nothing is paused any more')
  else terminal.say(`${safe(said)} ${paused ? 'is paused: what runs goes on, nothing begins' : 'goes on'}`)
}
