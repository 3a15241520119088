import { WAITING_STATES } from '../../domain/states.ts'
import type { Call } from '../command.ts'
import { confirm } from '../confirm.ts'
import { toJson } from '../output/json.ts'
import { count, safe } from '../output/text.ts'
import { recorded } from '../recorded.ts'

export async function run({ terminal, opening, json, yes, args }: Call): Promise<undefined> {
  const queue = args[0] as string
  const app = await opening.producer()
  const waiting = await app.inspect.count({ queue, state: WAITING_STATES })
  if (waiting > 0)
    await confirm(
      `Revoke the ${count(waiting, 'job')} waiting in queue "${safe(queue)}"? There is no undo.`,
      yes,
      terminal,
    )
  const purged =
    waiting === 0
      ? 0
      : await recorded(
          app,
          'purge',
          `queue ${queue}`,
          () => app.control.purge(queue),
          (number) => count(number, 'job'),
        )
  if (json) return terminal.print(toJson({ queue, purged }, 2))
  terminal.print(`${count(purged, 'job')} revoked`)
  if (waiting === 0) terminal.say(`nothing waits in queue "${safe(queue)}"`)
}
