import { setTimeout as pause } from 'node:timers/promises'
import { isFinal } from '../../domain/states.ts'
import type { Call } from '../command.ts'
import { toJson } from '../output/json.ts'
import { safe } from '../output/text.ts'
import { unknownJob } from '../waiting.ts'

const LOOK_EVERY = 200

export async function run({ terminal, opening, json, args, options }: Call): Promise<undefined> {
  const id = args[0] as string
  const reader = await opening.reader()
  let printed = 0
  while (true) {
    const page = await reader.job(id)
    if (!page) throw unknownJob(id)
    const lines = page.log.map(({ at, level, text }) => ({ at: new Date(at), level, text }))
    if (json && !options.follow) return terminal.print(toJson(lines, 2))
    for (const line of lines.slice(printed)) {
      if (json) terminal.print(toJson(line))
      else terminal.print(`${line.at.toISOString()} ${line.level.padEnd(5)} ${safe(line.text)}`)
    }
    printed = lines.length
    if (!options.follow || isFinal(page.job.state)) break
    await pause(LOOK_EVERY)
  }
  if (printed === 0) terminal.say('it has written nothing')
}
