import type { Order } from '../store/controls.ts'
import type { Store } from '../store/store.ts'
import type { EngineOptions } from '../wire/engine-options.ts'
import type { LineName, Obstacle, TaskDeclaration } from '../wire/messages.ts'

/** How many jobs may still start in the present claim, by one limit. */
export interface Gate {
  left: number
}

const OPEN: readonly Gate[] = []

/**
 * Says which lines may start jobs now, and how many: a line that is paused or at its limit is skipped without reading it.
 * Limits hold over all processes, since they are counted in the transaction that claims.
 */
export class Gates {
  readonly #store: Store
  readonly #tasks: ReadonlyMap<string, TaskDeclaration>
  readonly #queues: EngineOptions['queues']
  /** Gates already asked for in the present look, by kind and name. */
  readonly #known = new Map<string, Gate>()
  #orders = new Map<string, Order>()
  #version: number | null = null

  constructor(store: Store, tasks: ReadonlyMap<string, TaskDeclaration>, queues: EngineOptions['queues']) {
    this.#store = store
    this.#tasks = tasks
    this.#queues = queues
  }

  /** This process changed an order, or a transaction that did was undone. */
  refresh(): void {
    this.#version = null
  }

  /** Begins a look at the lines: what is counted holds until the next one. */
  look(): void {
    this.#known.clear()
    const version = this.#store.dataVersion()
    if (version === this.#version) return
    this.#version = version
    this.#orders = new Map(this.#store.controls.all().map((order) => [`${order.kind}:${order.name}`, order]))
  }

  /** What bounds a line, or null when nothing of it may start now. */
  of(queue: string, task: string): readonly Gate[] | null {
    if (this.paused(queue, task)) return null
    const gates: Gate[] = []
    const inQueue = this.#queues[queue]?.concurrency
    if (inQueue !== undefined) gates.push(this.#running({ kind: 'queue', name: queue }, inQueue))
    const ofTask = this.#tasks.get(task)?.concurrency ?? null
    if (ofTask !== null) gates.push(this.#running({ kind: 'task', name: task }, ofTask))
    if (gates.length === 0) return OPEN
    return leftIn(gates) > 0 ? gates : null
  }

  /** Why nothing of a line may start now, or null. */
  obstacle(queue: string, task: string): Obstacle | null {
    this.look()
    const lines: LineName[] = [
      { kind: 'queue', name: queue },
      { kind: 'task', name: task },
    ]
    for (const line of lines) {
      const since = this.#orders.get(`${line.kind}:${line.name}`)?.pausedAt ?? null
      if (since !== null) return { ...line, what: 'paused', since }
    }
    for (const line of lines) {
      const limit = this.#limitOf(line)
      if (limit === null) continue
      const { left } = this.#running(line, limit)
      if (left === 0) return { ...line, what: 'full', running: this.#runs(line), limit }
    }
    return null
  }

  /** Whether an order holds the line's queue or task back. */
  paused(queue: string, task: string): boolean {
    if (this.#orders.size === 0) return false
    return this.#isPaused(`queue:${queue}`) || this.#isPaused(`task:${task}`)
  }

  #isPaused(key: string): boolean {
    return (this.#orders.get(key)?.pausedAt ?? null) !== null
  }

  #limitOf({ kind, name }: LineName): number | null {
    return (kind === 'queue' ? this.#queues[name]?.concurrency : this.#tasks.get(name)?.concurrency) ?? null
  }

  #running(line: LineName, limit: number): Gate {
    const key = `${line.kind}:${line.name}`
    const known = this.#known.get(key)
    if (known) return known
    const gate = { left: Math.max(0, limit - this.#runs(line)) }
    this.#known.set(key, gate)
    return gate
  }

  #runs({ kind, name }: LineName): number {
    const { claims } = this.#store
    return kind === 'queue' ? claims.runningIn(name) : claims.runningOf(name)
  }
}

/** How many jobs all of the gates let through. */
export function leftIn(gates: readonly Gate[]): number {
  let left = Number.POSITIVE_INFINITY
  for (const gate of gates) left = Math.min(left, gate.left)
  return left
}

/** A job passed. */
export function pass(gates: readonly Gate[]): void {
  for (const gate of gates) gate.left--
}
