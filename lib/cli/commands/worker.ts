import type { Call } from '../command.ts'
import { consume } from '../consuming.ts'
import { wholeNumber } from '../numbers.ts'

export async function run(call: Call): Promise<number> {
  const { beat, queues, once, verbose, concurrency } = call.options
  const names =
    queues === undefined
      ? undefined
      : String(queues)
          .split(',')
          .map((name) => name.trim())
  return consume(call, {
    role: beat ? 'all' : 'worker',
    queues: names,
    concurrency: concurrency === undefined ? null : wholeNumber(concurrency, '--concurrency', 1, 1, 1_024),
    once: once === true,
    verbose: verbose === true,
  })
}
