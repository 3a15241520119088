import { vacuum } from '../../file-care.ts'
import type { Call } from '../command.ts'
import { confirm } from '../confirm.ts'
import { toJson } from '../output/json.ts'
import { bytes } from '../output/text.ts'

export async function run({ terminal, opening, json, yes, options }: Call): Promise<undefined> {
  const full = options.full === true
  const database = await opening.existing()
  if (full) await confirm('Rewrite the whole file? Nobody can write to it meanwhile.', yes, terminal)
  const report = await vacuum(database, { full })
  const { bytesBefore, bytesAfter } = report
  terminal.print(json ? toJson(report, 2) : `${bytes(bytesBefore)} before, ${bytes(bytesAfter)} now`)
}
