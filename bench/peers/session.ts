/**
 * One process of one trial. Arguments: peer, PeerEnv, Size, what to do: a case, or a side of the crash (`victim`,
 * `survivor`). Answers with a sample, `null`, or what went wrong.
 */
import { join } from 'node:path'
import { type OwnCase, RUNS, type Size, store } from './cases.ts'
import type { Call, PeerEnv } from './peer.ts'
import { peerNamed } from './peers.ts'
import type { Step } from './work.ts'

process.once('disconnect', () => process.exit(1))

const [name = '', env = '{}', sizes = '{}', what = ''] = process.argv.slice(2)
const place = JSON.parse(env) as PeerEnv
const size = JSON.parse(sizes) as Size
const STEP_MS = 5
/** Jobs that a worker has run before it idles. */
const FEW = 100

try {
  const queue = await peerNamed(name).open(place)
  if (what === 'victim') {
    await queue.work()
    const log = join(place.dir, 'log')
    const calls = Array.from({ length: size.crashJobs }, (_, number): Call => {
      const argument: Step = { log, number, ms: STEP_MS, holds: number === Math.floor(size.crashJobs / 2) }
      return { task: 'step', argument }
    })
    await store(queue, calls)
    await answer({ sample: {} })
  } else if (what === 'survivor') {
    await queue.work()
    await answer({ sample: {} })
  } else if (what === 'idle') {
    await queue.work()
    await store(
      queue,
      Array.from({ length: FEW }, (): Call => ({ task: 'noop', argument: 0 })),
    )
    await queue.drained(FEW)
    await answer({ sample: {} })
  } else {
    const sample = await RUNS[what as OwnCase](queue, size)
    await answer({ sample })
    process.exit(0)
  }
} catch (error) {
  await answer({ failed: error instanceof Error ? `${error.name}: ${error.message}` : String(error) })
  process.exit(1)
}

function answer(message: object): Promise<void> {
  return new Promise((resolve) => (process.send ? process.send(message, () => resolve()) : resolve()))
}
