import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'

/**
 * What subscribers of `tracing:celeriac:enqueue:*` are told of a call that stores jobs. What they put into `headers` at
 * `start` is stored with the jobs, and read by the task as `currentTask().headers`.
 */
export interface EnqueueMessage {
  /** The app's name. */
  readonly app: string
  readonly task: string
  readonly queue: string
  /** How many jobs. */
  readonly count: number
  /** Whether the call is synchronous, as `within(db)` is: it is over at `end`, not at `asyncEnd`. */
  readonly sync: boolean
  readonly headers: Record<string, string>
  /** Ids of the jobs, once they are stored. */
  ids: readonly string[]
  error?: unknown
}

interface Traced {
  readonly app: string
  readonly task: string
  readonly queue: string
  readonly count: number
}

const enqueueing = tracingChannel('celeriac:enqueue') as unknown as TracingChannel<unknown, EnqueueMessage>
const running = tracingChannel('celeriac:run')

type Headed = { headers?: Record<string, string> }

/** Tells subscribers of a call; without any it costs a look. */
export function tracedEnqueue<O extends Headed, R>(
  call: Traced,
  options: O | undefined,
  work: (options: O | undefined) => Promise<R>,
  idsOf: (stored: R) => readonly string[],
): Promise<R> {
  if (!hasSubscribers(enqueueing)) return work(options)
  const message: EnqueueMessage = { ...call, sync: false, headers: {}, ids: [] }
  return enqueueing.tracePromise(async () => {
    const stored = await work(withHeaders(options, message.headers))
    message.ids = idsOf(stored)
    return stored
  }, message)
}

/** The same for `within(db)`. */
export function tracedStore<O extends Headed, R>(
  call: Traced,
  options: O | undefined,
  work: (options: O | undefined) => R,
  idsOf: (stored: R) => readonly string[],
): R {
  if (!hasSubscribers(enqueueing)) return work(options)
  const message: EnqueueMessage = { ...call, sync: true, headers: {}, ids: [] }
  return enqueueing.traceSync(() => {
    const stored = work(withHeaders(options, message.headers))
    message.ids = idsOf(stored)
    return stored
  }, message)
}

/** Whether somebody is told of runs in this thread. */
export function runsTraced(): boolean {
  return hasSubscribers(running as unknown as TracingChannel<unknown, EnqueueMessage>)
}

/** Tells subscribers of `tracing:celeriac:run:*` of an attempt; the message is what `currentTask()` is in it. */
export function tracedRun<R>(context: object, run: () => Promise<R>): Promise<R> {
  return running.tracePromise(run, context)
}

function hasSubscribers(channel: TracingChannel<unknown, EnqueueMessage>): boolean {
  return (channel as unknown as { hasSubscribers: boolean }).hasSubscribers
}

function withHeaders<O extends Headed>(options: O | undefined, headers: Record<string, string>): O | undefined {
  if (Object.keys(headers).length === 0) return options
  return { ...options, headers: { ...options?.headers, ...headers } } as O
}
