import type { Call } from '../command.ts'
import { wholeNumber } from '../numbers.ts'
import { recorded } from '../recorded.ts'
import { asked, printReplies } from '../replies.ts'

export async function run(call: Call): Promise<number> {
  const threads = wholeNumber(call.args[0], 'threads', 1, 1, 1_024)
  const app = await call.opening.producer()
  const replies = await recorded(app, 'pool', `${threads} threads`, () => app.control.pool(threads, asked(call)))
  return printReplies(replies, call, (answered) => {
    for (const { pid, value } of answered) call.terminal.print(`pid ${pid}: at most ${value} threads`)
  })
}
