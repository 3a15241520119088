import { tracingChannel } from 'node:diagnostics_channel'
import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { type Celeriac, type EnqueueMessage, Ignore, type TaskContext } from '../index.ts'
import { ATTRIBUTES, ENQUEUE, PROCESS, SYSTEM } from './names.ts'

export interface InstrumentOptions {
  /** Default: `trace.getTracer('celeriac')` of the global provider. */
  tracer?: Tracer
  /**
   * How the span of an attempt belongs to that of the call: `'parent'` as its child, `'link'` in a trace of its own that
   * links to it. Default `'auto'`: its child when it is the first attempt and begins within a minute of the call, else
   * linked, so that a retry tomorrow does not keep today's trace open.
   */
  process?: 'auto' | 'parent' | 'link'
}

const LATE = 60_000
const instrumented = new WeakSet<Celeriac>()

/**
 * Makes a producer span of each call that stores jobs, and of each slot of a schedule that fired, and a consumer span of each
 * attempt, active while the task runs. The context travels in the job's headers, by the global propagator. Call it where the app
 * is made, in a module of `tasks`, so that pool threads do it too; each thread needs its own SDK, set up in a module that it
 * imports. A second call does nothing.
 */
export function instrument(app: Celeriac, options: InstrumentOptions = {}): void {
  if (instrumented.has(app)) return
  instrumented.add(app)
  const tracer = options.tracer ?? trace.getTracer('celeriac')
  traceCalls(app, tracer)
  app.around((task, run) => traceRun(app, tracer, options.process ?? 'auto', task, run))
}

function traceCalls(app: Celeriac, tracer: Tracer): void {
  const spans = new WeakMap<object, Span>()
  const end = (message: EnqueueMessage): void => {
    const span = spans.get(message)
    if (!span) return
    spans.delete(message)
    if (message.ids.length === 1) span.setAttribute(ATTRIBUTES.id, message.ids[0] as string)
    span.end()
  }
  tracingChannel('celeriac:enqueue').subscribe({
    start: (data) => {
      const message = data as EnqueueMessage
      if (message.app !== app.name) return
      const attributes = { ...attributesOf(app, message, ENQUEUE), [ATTRIBUTES.count]: message.count }
      const span = tracer.startSpan(`${ENQUEUE.name} ${message.queue}`, { kind: SpanKind.PRODUCER, attributes })
      spans.set(message, span)
      propagation.inject(trace.setSpan(context.active(), span), message.headers)
    },
    end: (data) => {
      if ((data as EnqueueMessage).sync) end(data as EnqueueMessage)
    },
    asyncStart: () => {},
    asyncEnd: (data) => end(data as EnqueueMessage),
    error: (data) => {
      const span = spans.get(data)
      if (span) failed(span, data.error)
    },
  })
}

async function traceRun(
  app: Celeriac,
  tracer: Tracer,
  process: 'auto' | 'parent' | 'link',
  task: TaskContext,
  run: () => Promise<unknown>,
): Promise<unknown> {
  const told = propagation.extract(ROOT_CONTEXT, task.headers)
  const caller = trace.getSpanContext(told) ? told : firedBy(app, tracer, task, told)
  const sent = trace.getSpanContext(caller)
  const late = task.attempt > 1 || Date.now() - task.enqueuedAt.getTime() > LATE
  const linked = process === 'link' || (process === 'auto' && late)
  const span = tracer.startSpan(
    `${PROCESS.name} ${task.queue}`,
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        ...attributesOf(app, { task: task.name, queue: task.queue }, PROCESS),
        [ATTRIBUTES.id]: task.id,
        [ATTRIBUTES.conversation]: task.rootId,
        [ATTRIBUTES.attempt]: task.attempt,
      },
      links: linked && sent ? [{ context: sent }] : [],
    },
    linked ? ROOT_CONTEXT : caller,
  )
  try {
    return await context.with(trace.setSpan(caller, span), run)
  } catch (error) {
    if (!(error instanceof Ignore)) failed(span, error)
    throw error
  } finally {
    span.end()
  }
}

/**
 * What a schedule stores, no call stores: its span is made when the job first runs, with the time it was stored at. Later
 * attempts have none to link to.
 */
function firedBy(app: Celeriac, tracer: Tracer, task: TaskContext, from: Context): Context {
  const { id, name, queue, attempt, scheduledFor, enqueuedAt } = task
  if (scheduledFor === undefined || attempt > 1) return from
  const attributes = {
    ...attributesOf(app, { task: name, queue }, ENQUEUE),
    [ATTRIBUTES.count]: 1,
    [ATTRIBUTES.id]: id,
    [ATTRIBUTES.slot]: scheduledFor.toISOString(),
  }
  const options = { kind: SpanKind.PRODUCER, attributes, startTime: enqueuedAt }
  const span = tracer.startSpan(`${ENQUEUE.name} ${queue}`, options, from)
  span.end(enqueuedAt)
  return trace.setSpan(from, span)
}

function attributesOf(
  app: Celeriac,
  { task, queue }: { task: string; queue: string },
  operation: { name: string; type: string },
): Attributes {
  return {
    [ATTRIBUTES.system]: SYSTEM,
    [ATTRIBUTES.formerSystem]: SYSTEM,
    [ATTRIBUTES.operation]: operation.name,
    [ATTRIBUTES.operationType]: operation.type,
    [ATTRIBUTES.queue]: queue,
    [ATTRIBUTES.client]: app.name,
    [ATTRIBUTES.task]: task,
  }
}

function failed(span: Span, error: unknown): void {
  const shown = error instanceof Error ? error : new Error(String(error))
  span.recordException(shown)
  span.setAttribute(ATTRIBUTES.error, shown.name)
  span.setStatus({ code: SpanStatusCode.ERROR, message: shown.message })
}
