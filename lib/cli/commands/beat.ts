import type { Call } from '../command.ts'
import { consume } from '../consuming.ts'

export async function run(call: Call): Promise<number> {
  return consume(call, { role: 'beat', queues: undefined, concurrency: null, once: false, verbose: true })
}
