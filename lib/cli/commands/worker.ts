import type { Call } from '../command.ts'
import { consume } from '../consuming.ts'

export async function run(call: Call): Promise<number> {
  const { beat, queues, once, verbose } = call.options
  const names =
    queues === undefined
      ? undefined
      : String(queues)
          .split(',')
          .map((name) => name.trim())
  return consume(call, {
    role: beat ? 'all' : 'worker',
    queues: names,
    once: once === true,
    verbose: verbose === true,
  })
}
