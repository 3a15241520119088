import type { WorkerReply, WorkersAsked } from '../workers-asked.ts'
import type { Call } from './command.ts'
import { FAILED, NO_WORKER, OK } from './exit.ts'
import { duration } from './numbers.ts'
import { toJson } from './output/json.ts'
import { safe } from './output/text.ts'

/** Whom a command asks: every live process, or those of `--worker`, by key. */
export function asked({ options }: Call): WorkersAsked {
  const worker = options.worker as string[] | undefined
  const timeout = options.timeout === undefined ? {} : { timeout: duration(options.timeout) }
  return worker ? { worker, ...timeout } : { all: true, ...timeout }
}

/** Prints what processes answered. 69 when none did, 1 when one that was asked was silent. */
export async function printReplies<T>(
  replies: readonly WorkerReply<T>[],
  { terminal, json }: Call,
  say: (replies: readonly (WorkerReply<T> & { value: T })[]) => void | Promise<void>,
): Promise<number> {
  const answered = replies.filter((reply): reply is WorkerReply<T> & { value: T } => reply.value !== null)
  if (json) terminal.print(toJson(replies, 2))
  else if (answered.length > 0) await say(answered)
  for (const { pid, error } of replies) if (error) terminal.say(`pid ${pid}: ${safe(error.message)}`)
  if (answered.length > 0) return answered.length === replies.length ? OK : FAILED
  terminal.say('no live process answered')
  return NO_WORKER
}
