import { fromWireError } from '../wire/error-codec.ts'
import type {
  Command,
  Duplicate,
  EnqueueBatch,
  GateKeys,
  JobShape,
  Question,
  Reply,
  Request,
  Settled,
} from '../wire/messages.ts'
import { batchOf } from '../wire/shorthand.ts'

/** Carries requests to the engine, from wherever this runs. */
export interface Transport {
  /** @param shape of the only batch in an enqueue */
  send(request: Request, shape?: JobShape | null): void
  /** Whether something is awaited that the process must stay alive for. */
  hold(on: boolean): void
}

/** Jobs that were not stored, by the id that they were to have. */
export type Duplicates = ReadonlyMap<string, Duplicate>

interface Flight {
  request: number
  batches: EnqueueBatch[]
  lastShape: JobShape | null
  /** Ids that callers chose: a second job of one would be the first again. Null while there is none. */
  chosen: Set<string> | null
  stored: Promise<Duplicates>
  resolve: (duplicates: Duplicates) => void
  reject: (error: Error) => void
}

interface Asked {
  /** Null for a request sent by other means, which cannot be sent again. */
  question: Question | null
  resolve: (value: unknown) => void
  reject: (error: Error) => void
}

interface Wait {
  settled: Promise<Settled>
  resolve: (settled: Settled) => void
  reject: (error: Error) => void
  users: number
}

const NONE: Duplicates = new Map()

/**
 * The caller's end of the conversation with the engine: numbers requests, posts what one turn of the event loop
 * enqueued as one message, and hands out what comes back.
 */
export class Requests {
  readonly #transport: Transport
  readonly #flights = new Map<number, Flight>()
  readonly #asked = new Map<number, Asked>()
  readonly #waits = new Map<string, Wait>()
  readonly #watchers = new Map<string, Set<(progress: string) => void>>()
  #toWait: string[] = []
  #number = 0
  #collecting: Flight | null = null
  #held = false

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Resolves after the commit that holds the jobs, with those that were there already.
   * @param keys one for each job, where the shape is of unique jobs
   * @param gateKeys where the shape is of jobs that share limits by key
   */
  enqueue(
    shape: JobShape,
    ids: string[],
    args: (string | Uint8Array)[],
    keys?: string[],
    gateKeys?: GateKeys,
  ): Promise<Duplicates> {
    const flight = this.#collect()
    if (shape.chosen) {
      flight.chosen ??= new Set()
      if (ids.some((id) => flight.chosen?.has(id))) {
        return flight.stored.then((known) => new Map(ids.map((id) => [id, known.get(id) ?? [id, id, false]])))
      }
      for (const id of ids) flight.chosen.add(id)
    }
    const last = flight.batches.at(-1)
    if (last && flight.lastShape === shape) {
      if (ids.length === 1) {
        last.ids.push(ids[0]!)
        last.args.push(args[0]!)
      } else {
        last.ids = last.ids.concat(ids)
        last.args = last.args.concat(args)
      }
      if (keys) for (const key of keys) last.keys?.push(key)
      for (const key of gateKeys?.concurrency ?? []) last.gateKeys?.concurrency?.push(key)
      for (const key of gateKeys?.rate ?? []) last.gateKeys?.rate?.push(key)
    } else {
      const batch = batchOf(shape, ids.slice(), args.slice())
      if (keys) batch.keys = keys.slice()
      if (gateKeys) batch.gateKeys = gateKeys
      flight.batches.push(batch)
      flight.lastShape = shape
    }
    return flight.stored
  }

  ask<T>(question: Question): Promise<T> {
    const request = ++this.#number
    return new Promise<T>((resolve, reject) => {
      this.#asked.set(request, { question, resolve: resolve as (value: unknown) => void, reject })
      this.#hold()
      this.#transport.send({ type: 'ask', request, question })
    })
  }

  /** Numbers a request that is sent by other means, and resolves with its answer. */
  expect<T>(send: (request: number) => void): Promise<T> {
    const request = ++this.#number
    return new Promise<T>((resolve, reject) => {
      this.#asked.set(request, { question: null, resolve: resolve as (value: unknown) => void, reject })
      this.#hold()
      send(request)
    })
  }

  /** Waits for a job's end; call `release` when it is no longer of interest. */
  wait(id: string): { settled: Promise<Settled>; release: () => void } {
    let wait = this.#waits.get(id)
    if (!wait) {
      const created = { users: 0 } as Wait
      created.settled = new Promise((resolve, reject) => {
        created.resolve = resolve
        created.reject = reject
      })
      created.settled.catch(() => {})
      wait = created
      this.#waits.set(id, wait)
      this.#hold()
      if (this.#toWait.push(id) === 1) queueMicrotask(() => this.#sendWaits())
    }
    const mine = wait
    mine.users++
    return {
      settled: mine.settled,
      release: () => {
        if (--mine.users > 0 || this.#waits.get(id) !== mine) return
        this.#waits.delete(id)
        this.#transport.send({ type: 'unwait', id })
        this.#hold()
      },
    }
  }

  /** Calls `listener` with each progress of a job until the returned function is called. */
  watch(id: string, listener: (progress: string) => void): () => void {
    let listeners = this.#watchers.get(id)
    if (!listeners) {
      listeners = new Set()
      this.#watchers.set(id, listeners)
      this.#transport.send({ type: 'watch', id })
    }
    listeners.add(listener)
    const added = listeners
    return () => {
      added.delete(listener)
      if (added.size > 0 || this.#watchers.get(id) !== added) return
      this.#watchers.delete(id)
      this.#transport.send({ type: 'unwatch', id })
    }
  }

  /** One request was stored as it was asked for. */
  stored(request: number): void {
    this.#land(request)?.resolve(NONE)
    this.#hold()
  }

  receive(reply: Reply): void {
    switch (reply.type) {
      case 'stored': {
        const duplicates = new Map<number, Map<string, Duplicate>>()
        for (const [request, duplicate] of reply.duplicates) {
          const known = duplicates.get(request)
          if (known) known.set(duplicate[0], duplicate)
          else duplicates.set(request, new Map([[duplicate[0], duplicate]]))
        }
        for (const request of reply.requests) this.#land(request)?.resolve(duplicates.get(request) ?? NONE)
        break
      }
      case 'answer':
        this.#answered(reply.request)?.resolve(reply.value)
        break
      case 'refused':
        for (const request of reply.requests) {
          const error = fromWireError(reply.error)
          this.#land(request)?.reject(error)
          this.#answered(request)?.reject(error)
        }
        break
      case 'settled':
        for (const [id, settled] of reply.ended) {
          const wait = this.#waits.get(id)
          this.#waits.delete(id)
          wait?.resolve(settled)
        }
        break
      case 'progress':
        for (const listener of this.#watchers.get(reply.id) ?? []) listener(reply.progress)
        return
    }
    this.#hold()
  }

  /** Another engine took over: what was not answered is asked again. Ids make that safe for jobs. */
  repeat(): void {
    for (const { request, batches } of this.#flights.values()) {
      if (this.#collecting?.request === request) continue
      this.#transport.send({ type: 'enqueue', request, batches: batches.map((batch) => ({ ...batch, chosen: true })) })
    }
    for (const [request, { question }] of this.#asked)
      if (question) this.#transport.send({ type: 'ask', request, question })
    if (this.#waits.size > 0) this.#transport.send({ type: 'wait', ids: [...this.#waits.keys()] })
    for (const id of this.#watchers.keys()) this.#transport.send({ type: 'watch', id })
  }

  /** One message could not be sent: what it asked for fails alone. */
  refuse(message: Request | Command, error: Error): void {
    if ('request' in message) {
      this.#land(message.request)?.reject(error)
      this.#answered(message.request)?.reject(error)
    } else if (message.type === 'wait') {
      for (const id of message.ids) {
        this.#waits.get(id)?.reject(error)
        this.#waits.delete(id)
      }
    }
    this.#hold()
  }

  /** The engine is gone: everything that was asked of it fails with the reason. */
  fail(error: Error): void {
    for (const { reject } of this.#flights.values()) reject(error)
    for (const { reject } of this.#asked.values()) reject(error)
    for (const { reject } of this.#waits.values()) reject(error)
    this.#flights.clear()
    this.#asked.clear()
    this.#waits.clear()
    this.#watchers.clear()
    this.#hold()
  }

  /** Resolves when nothing that was enqueued is still on its way. */
  async landed(): Promise<void> {
    await Promise.allSettled([...this.#flights.values()].map((flight) => flight.stored))
  }

  #collect(): Flight {
    if (this.#collecting) return this.#collecting
    const flight = { request: ++this.#number, batches: [], lastShape: null, chosen: null } as unknown as Flight
    flight.stored = new Promise((resolve, reject) => {
      flight.resolve = resolve
      flight.reject = reject
    })
    this.#collecting = flight
    this.#flights.set(flight.request, flight)
    this.#hold()
    queueMicrotask(() => {
      this.#collecting = null
      const { request, batches, lastShape } = flight
      this.#transport.send({ type: 'enqueue', request, batches }, batches.length === 1 ? lastShape : null)
    })
    return flight
  }

  #sendWaits(): void {
    const ids = this.#toWait
    this.#toWait = []
    this.#transport.send({ type: 'wait', ids })
  }

  #land(request: number): Flight | undefined {
    const flight = this.#flights.get(request)
    this.#flights.delete(request)
    return flight
  }

  #answered(request: number): Asked | undefined {
    const asked = this.#asked.get(request)
    this.#asked.delete(request)
    return asked
  }

  #hold(): void {
    const on = this.#flights.size > 0 || this.#asked.size > 0 || this.#waits.size > 0
    if (on === this.#held) return
    this.#held = on
    this.#transport.hold(on)
  }
}
