import type { Rate } from '../domain/rate.ts'
import type { LaneJob } from '../pool/lane.ts'
import type { Order } from '../store/controls.ts'
import { type ReadyRow, rateKeyOf } from '../store/jobs/claim.ts'
import type { Place } from '../store/rates.ts'
import { isBusy } from '../store/sqlite-errors.ts'
import type { Store } from '../store/store.ts'
import type { EngineOptions } from '../wire/engine-options.ts'
import type { TaskDeclaration } from '../wire/messages.ts'
import type { LineName, Obstacle } from '../wire/obstacle.ts'

/** How many jobs may still start in the present claim, by one limit. */
export interface Gate {
  left: number
  /** Of a rate: where its starts are counted. */
  bucket: string | null
  rate: Rate | null
  /** When a rate lets more through, in epoch ms. */
  next: number
  /** What the jobs of the present claim take of a rate, and how many they are. */
  place: Place | null
  places: number
}

/** How many jobs of a key may still start in the present claim, by the rate of their task. */
export interface KeyGate {
  left: number
  key: string
  rate: Rate | null
  /** Some of it starts, or was laid aside. */
  stirred: boolean
}

const OPEN: readonly Gate[] = []
/** Keys looked at in one turn because jobs of them may go on. */
const WAKES = 200
/** Most jobs of one key let in at once. */
const RELEASED = 1_000
/** Least rows of which the keys are looked at together. */
const LEAST_LOOK = 8

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
  /** Buckets that let nothing through before that time: not to be counted again until then. */
  readonly #shut = new Map<string, number>()
  /** Gates of keys already asked for in the present look. */
  readonly #keys = new Map<string, KeyGate>()
  #orders = new Map<string, Order>()
  #version: number | null = null
  #now = 0

  constructor(store: Store, tasks: ReadonlyMap<string, TaskDeclaration>, queues: EngineOptions['queues']) {
    this.#store = store
    this.#tasks = tasks
    this.#queues = queues
  }

  /** This process changed an order, or a transaction that did was undone. */
  refresh(): void {
    this.#version = null
    this.#shut.clear()
  }

  /** Differs once another process has written since the last look. */
  get version(): number | null {
    return this.#version
  }

  /** Begins a look at the lines: what is counted holds until the next one. */
  look(now: number): void {
    this.#now = now
    // To clear an empty map costs as much as to make one.
    if (this.#known.size > 0) this.#known.clear()
    if (this.#keys.size > 0) this.#keys.clear()
    for (const [bucket, until] of this.#shut) if (until <= now) this.#shut.delete(bucket)
    const orders = this.#changedOrders()
    if (orders === null) return
    // Another process may have raised a rate, or given places up.
    this.#shut.clear()
    if (orders.length > 0 || this.#orders.size > 0)
      this.#orders = new Map(orders.map((order) => [nameOf(order), order]))
  }

  /** The orders, when the file may hold others than are known. */
  #changedOrders(): Order[] | null {
    try {
      const version = this.#store.dataVersion()
      if (version === this.#version) return null
      const orders = this.#store.controls.all()
      this.#version = version
      return orders
    } catch (error) {
      // Outside of a transaction the file may be locked for a moment: the claim reads them again.
      if (isBusy(error)) return null
      throw error
    }
  }

  /** Epoch ms at which a line that is shut now opens again, or null. */
  wakeAt(): number | null {
    let wake: number | null = null
    for (const until of this.#shut.values()) if (wake === null || until < wake) wake = until
    return wake
  }

  /** What bounds a line, or null when nothing of it may start now. */
  of(queue: string, task: string): readonly Gate[] | null {
    const declared = this.#tasks.get(task)
    const bounded = this.#orders.size > 0 || this.#queues[queue] !== undefined
    if (!bounded && (declared?.concurrency ?? null) === null && (declared?.rate ?? null) === null) return OPEN
    if (this.paused(queue, task)) return null
    let gates: Gate[] | null = null
    for (const line of [queueLine(queue), taskLine(task)]) {
      const limit = this.#limitOf(line)
      const rate = this.#lineRate(line)
      const until = this.#orders.get(nameOf(line))?.until ?? 0
      if (until > this.#now) {
        this.#shut.set(nameOf(line), until)
        return null
      }
      if (limit === null && rate === null) continue
      gates ??= []
      if (limit !== null) gates.push(this.#running(line, limit))
      if (rate === null) continue
      const bucket = nameOf(line)
      if (this.#shut.has(bucket)) return null
      const gate = this.#rated(bucket, rate)
      if (gate.left === 0) {
        this.#shut.set(bucket, gate.next)
        return null
      }
      gates.push(gate)
    }
    if (gates === null) return OPEN
    return leftIn(gates) > 0 ? gates : null
  }

  /** Rows of a task were read that may have keys: what all of them have room for is found out at once. */
  lookAtKeys(rows: readonly ReadyRow[], task: string): void {
    if (rows.length < LEAST_LOOK || !this.#tasks.get(task)?.rate?.keyed) return
    const rate = this.#rateOf(taskLine(task))
    if (rate === null) return
    const [first] = rows[0]!
    const [last] = rows[rows.length - 1]!
    // Where others lie between them, to ask for each costs less.
    if (last - first >= 2 * rows.length || last < first) return
    const touched = this.#store.rates.touched(first, last, rate, this.#now)
    for (const row of rows) {
      const key = rateKeyOf(row)
      if (key === null || touched.has(row[0]) || this.#keys.has(key)) continue
      this.#keys.set(key, { left: rate.limit, key, rate, stirred: false })
    }
  }

  /** What bounds the key of a job, or null for nothing. */
  ofKey(key: string, task: string): KeyGate | null {
    let gate = this.#keys.get(key)
    if (gate) return gate
    if (!this.#tasks.get(task)?.rate?.keyed) return null
    const rate = this.#rateOf(taskLine(task))
    const { free } = this.#store.rates.room(key, rate, this.#now)
    gate = { left: free, key, rate, stirred: false }
    this.#keys.set(key, gate)
    return gate
  }

  /** A job passed, and starts. */
  pass(gates: readonly Gate[], job: LaneJob): void {
    for (const gate of gates) {
      gate.left--
      const { rate, bucket } = gate
      if (rate === null || bucket === null) continue
      gate.places++
      gate.place ??= { bucket, rate, owner: job.owner, at: this.#now }
      job.places ??= []
      job.places.push(gate.place)
    }
  }

  passKey(gate: KeyGate, job: LaneJob): void {
    gate.left--
    gate.stirred = true
    job.keyRate = gate.rate
  }

  /** A job found no room at its key's rate: it lies aside until there is some. */
  park(gate: KeyGate, seq: number): void {
    this.#store.admission.park(seq)
    gate.stirred = true
  }

  /** Inside the claim's transaction, at its end: takes the places. True when keys are to be looked at again at some time. */
  record(): boolean {
    for (const gate of this.#known.values()) {
      if (gate.place) this.#store.rates.hold(gate.place, gate.places)
      gate.place = null
      gate.places = 0
    }
    // Asked once for all of them, after those were laid aside that had to be.
    if (this.#keys.size === 0 || !this.#store.admission.waitsForRates()) return false
    let waiting = false
    for (const { key, rate, stirred } of this.#keys.values()) if (stirred && this.#settleKey(key, rate)) waiting = true
    return waiting
  }

  /** Inside a transaction: lets in what waits for keys whose time has come. */
  wake(now: number): void {
    const { rates, awaitedKeys, admission } = this.#store
    this.look(now)
    for (const { bucket, most, per } of awaitedKeys.due(now, WAKES)) {
      const task = bucket.split('\n')[1] as string
      const rate = this.#tasks.has(task) ? this.#rateOf(taskLine(task)) : { limit: most, per }
      const { free, next } = rates.room(bucket, rate, now)
      const released = admission.releaseAt(bucket, Math.min(RELEASED, free))
      // Those let in see to the rest when they start, or find that others were before them.
      awaitedKeys.wakeAt(bucket, released > 0 || !admission.waitsFor(bucket) ? null : next)
    }
  }

  /** Inside a transaction: a task was told to slow down for `wait` ms, and passes that on to the jobs that share its rate. */
  backOff({ task, rateKey }: LaneJob, now: number, wait: number): void {
    const { awaitedKeys, controls } = this.#store
    if (rateKey === null) controls.backOff(taskLine(task), now, wait)
    else {
      awaitedKeys.declare(rateKey, this.#rateOf(taskLine(task)) ?? { limit: RELEASED, per: 1 })
      awaitedKeys.backOff(rateKey, now, wait)
    }
    this.refresh()
  }

  /** Inside a transaction: the wall clock was set back, and nobody waits for it to catch up. */
  clockWentBack(now: number): void {
    const { awaitedKeys, controls } = this.#store
    this.#shut.clear()
    awaitedKeys.rouseAll(now)
    if (controls.heal(now)) this.refresh()
  }

  /** Jobs gave their places of some buckets up without having begun. */
  reopen(buckets: readonly string[]): void {
    for (const bucket of buckets) this.#shut.delete(bucket)
  }

  /** Why nothing of a line may start now, or null. */
  obstacle(queue: string, task: string, now: number): Obstacle | null {
    this.look(now)
    const lines = [queueLine(queue), taskLine(task)]
    for (const line of lines) {
      const since = this.#orders.get(nameOf(line))?.pausedAt ?? null
      if (since !== null) return { ...line, what: 'paused', since }
    }
    for (const line of lines) {
      const limit = this.#limitOf(line)
      if (limit !== null && this.#running(line, limit).left === 0)
        return { ...line, what: 'full', running: this.#runs(line), limit }
      const until = this.#orders.get(nameOf(line))?.until ?? 0
      if (until > now) return { ...line, what: 'rate', key: null, rate: null, until }
      const rate = this.#lineRate(line)
      const gate = rate && this.#rated(nameOf(line), rate)
      if (gate?.left === 0) return { ...line, what: 'rate', key: null, rate, until: gate.next }
    }
    return null
  }

  /** Why a job waits for its key's rate. */
  keyObstacle(task: string, rateKey: string, now: number): Obstacle {
    this.look(now)
    const line = taskLine(task)
    const rate = this.#rateOf(line)
    const { next } = this.#store.rates.room(rateKey, rate, now)
    return { ...line, what: 'rate', key: rateKey.split('\n')[2] as string, rate, until: next }
  }

  /** Whether an order holds the line's queue or task back. */
  paused(queue: string, task: string): boolean {
    if (this.#orders.size === 0) return false
    return this.#isPaused(`queue:${queue}`) || this.#isPaused(`task:${task}`)
  }

  /** The rate in force, by order or by declaration. */
  rateOf(line: LineName, now: number): Rate | null {
    this.look(now)
    return this.#rateOf(line)
  }

  #isPaused(key: string): boolean {
    return (this.#orders.get(key)?.pausedAt ?? null) !== null
  }

  #limitOf({ kind, name }: LineName): number | null {
    return (kind === 'queue' ? this.#queues[name]?.concurrency : this.#tasks.get(name)?.concurrency) ?? null
  }

  #rateOf({ kind, name }: LineName): Rate | null {
    const ordered = this.#orders.get(`${kind}:${name}`)?.rate ?? null
    if (ordered !== null) return ordered === 'none' ? null : ordered
    return (kind === 'queue' ? this.#queues[name]?.rateLimit : this.#tasks.get(name)?.rate) ?? null
  }

  /** The rate of a line as a whole. */
  #lineRate(line: LineName): Rate | null {
    return line.kind === 'task' && this.#tasks.get(line.name)?.rate?.keyed ? null : this.#rateOf(line)
  }

  #running(line: LineName, limit: number): Gate {
    const key = `running:${nameOf(line)}`
    let gate = this.#known.get(key)
    if (!gate) {
      gate = { left: Math.max(0, limit - this.#runs(line)), bucket: null, rate: null, next: 0, place: null, places: 0 }
      this.#known.set(key, gate)
    }
    return gate
  }

  #rated(bucket: string, rate: Rate | null): Gate {
    let gate = this.#known.get(bucket)
    if (!gate) {
      const { free, next } = this.#store.rates.room(bucket, rate, this.#now)
      gate = { left: free, bucket, rate, next, place: null, places: 0 }
      this.#known.set(bucket, gate)
    }
    return gate
  }

  #runs({ kind, name }: LineName): number {
    const { claims } = this.#store
    return kind === 'queue' ? claims.runningIn(name) : claims.runningOf(name)
  }

  /** When those that wait for a key are to be looked at, now that some of it started; false when none wait. */
  #settleKey(key: string, rate: Rate | null): boolean {
    const { rates, awaitedKeys, admission } = this.#store
    if (!admission.waitsFor(key)) return false
    const { free, next } = rates.room(key, rate, this.#now)
    awaitedKeys.declare(key, rate ?? { limit: RELEASED, per: 1 })
    awaitedKeys.wakeAt(key, free > 0 ? this.#now : next)
    return true
  }
}

const queueLine = (name: string): LineName => ({ kind: 'queue', name })
const taskLine = (name: string): LineName => ({ kind: 'task', name })
const nameOf = ({ kind, name }: LineName): string => `${kind}:${name}`

/** How many jobs all of the gates let through. */
export function leftIn(gates: readonly Gate[]): number {
  let left = Number.POSITIVE_INFINITY
  for (const gate of gates) left = Math.min(left, gate.left)
  return left
}
