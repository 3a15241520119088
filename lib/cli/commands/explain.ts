import type { Call } from '../command.ts'
import { toJson } from '../output/json.ts'
import { safe } from '../output/text.ts'
import { unknownJob } from '../waiting.ts'

export async function run({ terminal, opening, json, args }: Call): Promise<undefined> {
  const id = args[0] as string
  const page = await (await opening.reader()).job(id)
  if (!page) throw unknownJob(id)
  const text = await (await opening.producer()).inspect.explain(id)
  terminal.print(json ? toJson({ id, state: page.job.state, explanation: text }, 2) : safe(text))
}
