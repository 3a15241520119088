import { backup } from '../../file-care.ts'
import type { Call } from '../command.ts'
import { toJson } from '../output/json.ts'
import { bytes } from '../output/text.ts'

export async function run({ terminal, opening, json, args }: Call): Promise<undefined> {
  const database = await opening.existing()
  const report = await backup(database, args[0] as string)
  terminal.print(json ? toJson(report, 2) : `${report.path}  ${bytes(report.bytes)}`)
}
