/** Short forms of the messages of plain calls: what crosses between two threads is cloned key by key, twice. */
import type { Command, EnqueueBatch, JobShape, Notice, Reply, Request } from './messages.ts'
import { packJobs, unpackJobs } from './packed.ts'

/** One job whose shape the engine has been told before. */
export type BriefEnqueue = [request: number, shape: number, id: string, args: string | Uint8Array]

/** The number of the only request that was stored, as it was asked for. */
export type BriefStored = number

type Enqueue = Request & { type: 'enqueue' }

/** Jobs of a shape. Written out: `{ ...shape, ids, args }` takes fifty times as long with a shape that is frozen, or came by a port. */
export function batchOf(shape: JobShape, ids: string[], args: (string | Uint8Array)[]): EnqueueBatch {
  const batch: EnqueueBatch = {
    task: shape.task,
    queue: shape.queue,
    priority: shape.priority,
    runAt: shape.runAt,
    expiresAt: shape.expiresAt,
    maxAttempts: shape.maxAttempts,
    codec: shape.codec,
    options: shape.options,
    parentId: shape.parentId,
    rootId: shape.rootId,
    chosen: shape.chosen,
    ids,
    args,
  }
  if (shape.unique) batch.unique = shape.unique
  if (shape.concurrency) batch.concurrency = shape.concurrency
  if (shape.rate) batch.rate = shape.rate
  return batch
}

/** The writing end of one port. */
export class BriefWriter {
  readonly #told = new Map<JobShape, number>()

  /**
   * @param shape of the only batch in an enqueue, or null. One that is frozen is a task's own and comes again: it is told
   * once.
   */
  enqueue(message: Enqueue, shape: JobShape | null): Enqueue | BriefEnqueue {
    const [batch] = message.batches as [EnqueueBatch]
    if (batch.ids.length > 1 || message.batches.length > 1) return withPackedJobs(message)
    if (shape === null || batch.keys || batch.gateKeys) return message
    const known = this.#told.get(shape)
    if (known !== undefined) return [message.request, known, batch.ids[0]!, batch.args[0]!]
    if (!Object.isFrozen(shape)) return message
    this.#told.set(shape, this.#told.size)
    return { ...message, remember: true }
  }
}

/** The reading end of the same port. */
export class BriefReader {
  readonly #shapes: JobShape[] = []

  /** What was posted, as it was before. */
  read(posted: ToEngine): Request | Command {
    if (Array.isArray(posted)) {
      const [request, shape, id, args] = posted
      return { type: 'enqueue', request, batches: [batchOf(this.#shapes[shape] as JobShape, [id], [args])] }
    }
    if (posted.type === 'enqueue') this.#readEnqueue(posted)
    return posted
  }

  #readEnqueue({ batches, remember, packed }: Enqueue): void {
    // Numbered as the writer did.
    if (remember) this.#shapes.push(batches[0] as EnqueueBatch)
    packed?.forEach((jobs, i) => {
      if (jobs) unpackJobs(batches[i] as EnqueueBatch, jobs)
    })
  }
}

function withPackedJobs(message: Enqueue): Enqueue {
  const jobs = message.batches.map(packJobs)
  if (jobs.every((job) => job === null)) return message
  const batches = message.batches.map((batch, i) => (jobs[i] ? { ...batch, ids: [], args: [] } : batch))
  return { ...message, batches, packed: jobs }
}

export function briefReply(reply: Reply): Reply | BriefStored {
  if (reply.type !== 'stored' || reply.requests.length !== 1 || reply.duplicates.length > 0) return reply
  return reply.requests[0] as number
}

export type ToEngine = Request | Command | BriefEnqueue
export type FromEngine = Notice | Reply | BriefStored
export type Post = (message: FromEngine) => void
