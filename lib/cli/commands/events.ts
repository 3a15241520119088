import { setTimeout as pause } from 'node:timers/promises'
import { EVENT_NAMES } from '../../events.ts'
import type { ChangeCursor } from '../../wire/reading.ts'
import type { Call } from '../command.ts'
import { wrongUse } from '../exit.ts'
import { toJson } from '../output/json.ts'
import { safe } from '../output/text.ts'

const LOOK_EVERY = 250
const BRIEFLY = 1_000

/** Follows the file itself, so it tells of every process, and needs none. */
export async function run({ terminal, opening, json, options }: Call): Promise<undefined> {
  const types = options.type === undefined ? null : new Set(options.type as string[])
  for (const type of types ?? [])
    if (!(EVENT_NAMES as readonly string[]).includes(type))
      wrongUse(`there is no event "${safe(type)}" — events: ${EVENT_NAMES.join(', ')}`)
  const reader = await opening.reader()
  const end = options.follow ? Number.POSITIVE_INFINITY : performance.now() + BRIEFLY
  let cursor: ChangeCursor | null = null
  let told = true
  process.once('SIGINT', () => {
    told = false
  })
  while (told) {
    const { changes, skipped, cursor: next } = await reader.eventsSince(cursor)
    if (cursor === null) terminal.say(options.follow ? 'following; Ctrl-C ends it' : 'for one second; -f follows')
    cursor = next
    for (const change of changes) {
      if (types && !types.has(change.event)) continue
      const { event, at, ...rest } = change
      if (json) terminal.print(toJson({ event, at: new Date(at), ...rest }))
      else terminal.print(lineOf(terminal, event, at, rest))
    }
    if (skipped > 0 && !types) terminal.say(`… and ${skipped} jobs more than could be told of`)
    if (performance.now() >= end) break
    await pause(LOOK_EVERY)
  }
}

const BAD = new Set(['task-failed', 'task-expired', 'worker-offline', 'schedule-missed'])

function lineOf(
  terminal: Call['terminal'],
  event: string,
  at: number,
  rest: Readonly<Record<string, unknown>>,
): string {
  const { id, task, queue, attempt, error, schedule, pid } = rest
  const about = [
    task,
    id,
    queue === undefined ? undefined : `queue ${String(queue)}`,
    attempt === undefined || attempt === 0 ? undefined : `attempt ${String(attempt)}`,
    schedule === undefined ? undefined : `schedule ${String(schedule)}`,
    pid === undefined ? undefined : `pid ${String(pid)}`,
    error,
  ]
  const name = event.padEnd(16)
  const text = about
    .filter((part) => part !== undefined)
    .map(String)
    .join('  ')
  return `${new Date(at).toISOString()} ${BAD.has(event) ? terminal.paint('bad', name) : name} ${safe(text)}`
}
