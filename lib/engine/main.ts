import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { EngineOptions } from '../wire/engine-options.ts'
import { toWireError } from '../wire/error-codec.ts'
import type { Command, Notice, Reply, Request } from '../wire/messages.ts'
import { systemClock } from './clock.ts'
import { Engine } from './engine.ts'

/** Entry of the engine thread. */
const port = parentPort as MessagePort
const post = (message: Notice | Reply): void => port.postMessage(message)

try {
  const engine = new Engine(workerData as EngineOptions, systemClock, post)
  port.on('message', (message: Request | Command) => engine.receive(message))
} catch (error) {
  post({ type: 'fatal', error: toWireError(error) })
  port.close()
}
