import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { CeleriacError, EngineCrashed } from '../errors.ts'
import type { Pool } from '../pool/pool.ts'
import { Bells } from '../wire/bells.ts'
import type { EngineBoot } from '../wire/engine-options.ts'
import { toWireError } from '../wire/error-codec.ts'
import type { Post, ToEngine } from '../wire/shorthand.ts'
import { Vigil } from '../wire/vigil.ts'
import { systemClock } from './clock.ts'
import { makePool } from './thread-pool.ts'

/** What comes later than this finds the thread asleep, in ms. */
const LONGEST_VIGIL = 0.08

/** Entry of the engine thread. */
const port = parentPort as MessagePort
const post: Post = (message) => {
  vigil.listen()
  if (typeof message !== 'number' || !bells.give(message)) port.postMessage(message)
  bells.ring('engine')
}
const { options, threads, bells: buffer } = workerData as EngineBoot
const bells = new Bells(buffer)
const vigil = new Vigil(LONGEST_VIGIL, bells, 'app')
let pool: Pool | null = null

try {
  // Threads take long to begin: they do it while this one loads the engine and opens the file.
  if (threads) pool = await makePool(options)
  pool?.fill(systemClock.monotonic())
  const { Engine } = await import('./engine.ts')
  const engine = new Engine(options, pool, systemClock, post, vigil)
  port.on('message', (message: ToEngine) => {
    bells.ring('engine')
    engine.receive(message)
  })
} catch (error) {
  const said = error instanceof Error ? error.message : String(error)
  const fault =
    error instanceof CeleriacError
      ? error
      : new EngineCrashed(`the engine thread could not begin: ${said} — what was acknowledged is in the file`, {
          cause: error,
        })
  post({ type: 'fatal', error: toWireError(fault) })
  if (pool) setImmediate(() => process.exit())
  else port.close()
}
