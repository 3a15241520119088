import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { backup } from '../store/care/backup.ts'
import { doctor } from '../store/care/doctor.ts'
import { prune } from '../store/care/prune.ts'
import { vacuum } from '../store/care/vacuum.ts'
import type { CareCalls } from '../wire/care.ts'
import { toWireError } from '../wire/error-codec.ts'
import type { CareAnswer, CareOrder } from './in-thread.ts'

type Run = { [C in keyof CareCalls]: (...args: Parameters<CareCalls[C]>) => Promise<ReturnType<CareCalls[C]>> }

const CALLS: Run = {
  backup,
  vacuum,
  doctor: async (path, tasks) => doctor(path, tasks, Date.now()),
  prune: (path, retention) => prune(path, retention, Date.now()),
}

/** Entry of the care thread: one call, then it ends. */
const { call, args } = workerData as CareOrder
const port = parentPort as MessagePort
const run = CALLS[call] as (...args: unknown[]) => Promise<unknown>

run(...args).then(
  (value) => port.postMessage({ value } satisfies CareAnswer),
  (error: unknown) => port.postMessage({ error: toWireError(error) } satisfies CareAnswer),
)
