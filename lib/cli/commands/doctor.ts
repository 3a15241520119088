import { doctor } from '../../file-care.ts'
import type { Finding } from '../../wire/care.ts'
import type { Call } from '../command.ts'
import { FAILED, OK } from '../exit.ts'
import { toJson } from '../output/json.ts'
import { count, safe } from '../output/text.ts'
import type { Meaning } from '../painter.ts'

const MEANINGS: Readonly<Record<Finding['level'], Meaning>> = { ok: 'good', warning: 'busy', error: 'bad' }
const MARKS: Readonly<Record<Finding['level'], string>> = { ok: '✔', warning: '!', error: '✖' }

/** Says what is wrong with the file and what to do about it; 1 when something is. */
export async function run({ terminal, opening, json }: Call): Promise<number> {
  const path = await opening.path()
  const diagnosis = await doctor(path, opening.hasApp ? { tasks: [...(await opening.app()).tasks.keys()] } : {})
  const { healthy, findings } = diagnosis
  if (json) terminal.print(toJson(diagnosis, 2))
  else {
    const width = Math.max(...findings.map(({ check }) => check.length))
    for (const { check, level, said, fix } of findings) {
      terminal.print(`${terminal.paint(MEANINGS[level], MARKS[level])} ${check.padEnd(width)} ${safe(said)}`)
      if (fix) terminal.print(`  ${''.padEnd(width)} → ${safe(fix)}`)
    }
    const errors = findings.filter(({ level }) => level === 'error').length
    terminal.say(healthy ? 'nothing is wrong' : `${count(errors, 'thing')} to mend`)
  }
  return healthy ? OK : FAILED
}
