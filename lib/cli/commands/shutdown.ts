import type { Call } from '../command.ts'
import { confirm } from '../confirm.ts'
import { duration } from '../numbers.ts'
import { recorded } from '../recorded.ts'
import { asked, printReplies } from '../replies.ts'

export async function run(call: Call): Promise<number> {
  const { terminal, opening, yes, options } = call
  const live = (await (await opening.reader()).workers()).filter(({ alive }) => alive)
  const whom = asked(call)
  const pids = live.filter(({ key }) => !whom.worker || whom.worker.includes(key)).map(({ pid }) => pid)
  if (pids.length > 0) await confirm(`Stop the app in pid ${pids.join(', ')}?`, yes, terminal)
  const app = await opening.producer()
  const times = ['drain', 'grace'].flatMap((key) => (options[key] === undefined ? [] : [[key, duration(options[key])]]))
  const replies = await recorded(app, 'shutdown', `pid ${pids.join(', ') || 'none'}`, () =>
    app.control.shutdown({ ...whom, ...Object.fromEntries(times) }),
  )
  return printReplies(replies, call, (answered) => {
    for (const { pid } of answered) terminal.print(`pid ${pid}: stopping`)
  })
}
