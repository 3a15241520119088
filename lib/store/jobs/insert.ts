import { rankOf } from '../../domain/rank.ts'
import type { State } from '../../domain/states.ts'
import { debouncedUntil, type UniqueRule } from '../../domain/unique.ts'
import type { Duplicate, EnqueueBatch } from '../../wire/messages.ts'
import type { Connection, Statement } from '../driver.ts'
import { type Admission, admissionOf, type Entry, Places } from './admission.ts'
import { KeyedBlocks } from './keyed-blocks.ts'
import { JobRevocations, type RevokedJob } from './revoke.ts'
import { type Holder, UniqueKeys } from './unique.ts'

/** Rows a statement inserts at once: 32 halve the cost a row (2.3 µs against 3.5), more gain nothing. */
const BLOCK = 32

const COLUMNS = `id, task, queue, state, priority, rank, enqueued_at, run_at, expires_at, max_attempts,
    parent_id, root_id, schedule, scheduled_for, codec, options`
const VALUES = `?, @task, @queue, @state, @priority, @rank, @now, @runAt, @expiresAt, @maxAttempts,
    @parentId, @rootId, @schedule, @scheduledFor, @codec, @options`

/** By position: binding a value by its name costs as much as storing it. */
const INSERT = `
  INSERT INTO celeriac_jobs (${COLUMNS}, args)
  VALUES (${Array(17).fill('?').join(', ')})
  ON CONFLICT (id) DO NOTHING`

const insertSql = (rows: number): string => `
  INSERT INTO celeriac_jobs (${COLUMNS}, args)
  VALUES ${Array(rows).fill(`(${VALUES}, ?)`).join(', ')}
  ON CONFLICT (id) DO NOTHING`

const uniqueSql = (rows: number): string => `
  INSERT INTO celeriac_jobs (${COLUMNS}, unique_key, unique_until, args)
  VALUES ${Array(rows).fill(`(${VALUES}, ?, @until, ?)`).join(', ')}`

/** For jobs that must find a place, unique or not. */
const INSERT_KEYED = `
  INSERT INTO celeriac_jobs (${COLUMNS}, unique_key, unique_until,
    concurrency_key, concurrency_limit, rate_key, blocked_on, finished_at, revoke_reason, args)
  VALUES (${VALUES.replace('@state', '?')}, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO NOTHING`

/** For jobs that found a place, or need none yet. */
const letInSql = (rows: number): string => `
  INSERT INTO celeriac_jobs (${COLUMNS}, concurrency_key, concurrency_limit, rate_key, args)
  VALUES ${Array(rows).fill(`(${VALUES}, ?, @limit, ?, ?)`).join(', ')}`

/** The slot that a schedule's job is stored for. */
export interface Slot {
  schedule: string
  scheduledFor: number
}

/** What came of storing a batch. */
export interface Inserted {
  /** Jobs that were not stored. */
  readonly duplicates: readonly Duplicate[]
  /** Jobs that ended at once: others took their place, or they found none. */
  readonly ended: readonly RevokedJob[]
}

export const ALL_STORED: Inserted = Object.freeze({ duplicates: [], ended: [] })

const WAITING: ReadonlySet<State | null> = new Set<State>(['SCHEDULED', 'PENDING', 'BLOCKED', 'RETRY'])

type Shared = ReturnType<typeof sharedOf>

/** Stores new jobs. The caller holds the transaction. */
export class JobInserts {
  readonly #one: Statement
  readonly #block: Statement
  readonly #oneUnique: Statement
  readonly #keyed: Statement
  readonly #letIn: Statement
  readonly #keyedBlocks: KeyedBlocks
  readonly #exists: Statement
  readonly #uniques: UniqueKeys
  readonly #admission: Admission
  readonly #revocations: JobRevocations

  constructor(db: Connection) {
    this.#one = db.prepare(INSERT)
    this.#block = db.prepare(insertSql(BLOCK))
    this.#oneUnique = db.prepare(uniqueSql(1))
    this.#keyed = db.prepare(INSERT_KEYED)
    this.#letIn = db.prepare(letInSql(1))
    this.#keyedBlocks = new KeyedBlocks(db, uniqueSql, letInSql)
    this.#exists = db.prepare('SELECT 1 FROM celeriac_jobs WHERE id = ?').pluck()
    this.#uniques = new UniqueKeys(db)
    this.#admission = admissionOf(db)
    this.#revocations = new JobRevocations(db)
  }

  /** Jobs whose id or key is there already are left out; see `Inserted`. */
  insert(batch: EnqueueBatch, now: number, slot?: Slot): Inserted {
    if (batch.unique) return this.#insertUnique(batch, batch.unique, now, slot)
    const shared = sharedOf(batch, now, slot)
    if (batch.gateKeys) return this.#insertGated(batch, shared, now)
    const { ids, args } = batch
    let duplicates: Duplicate[] | undefined
    let i = 0
    if (!batch.chosen && ids.length >= BLOCK) {
      const values: (string | Uint8Array)[] = new Array(BLOCK * 2)
      for (; i + BLOCK <= ids.length; i += BLOCK) {
        for (let j = 0; j < BLOCK; j++) {
          values[2 * j] = ids[i + j]!
          values[2 * j + 1] = args[i + j]!
        }
        this.#block.run(values, shared)
      }
    }
    for (; i < ids.length; i++) {
      const id = ids[i]!
      if (this.#insertOne(id, args[i]!, shared) > 0) continue
      duplicates ??= []
      duplicates.push([id, id, false])
    }
    return duplicates ? { duplicates, ended: [] } : ALL_STORED
  }

  /** Rows stored: none when the id is there. */
  #insertOne(id: string, args: string | Uint8Array, shared: Shared): number {
    return this.#one.run(
      id,
      shared.task,
      shared.queue,
      shared.state,
      shared.priority,
      shared.rank,
      shared.now,
      shared.runAt,
      shared.expiresAt,
      shared.maxAttempts,
      shared.parentId,
      shared.rootId,
      shared.schedule,
      shared.scheduledFor,
      shared.codec,
      shared.options,
      args,
    ).changes
  }

  #insertUnique(batch: EnqueueBatch, rule: UniqueRule, now: number, slot?: Slot): Inserted {
    const duplicates: Duplicate[] = []
    const ended: RevokedJob[] = []
    const refusal = rule.onConflict === 'error' ? this.#conflict(batch, rule, now) : null
    if (refusal !== null) return { duplicates: batch.ids.map((id): Duplicate => [id, refusal, true]), ended }
    const runAt = rule.debounce ? debouncedUntil(rule.debounce, now, now) : batch.runAt
    const shared = { ...sharedOf({ ...batch, runAt }, now, slot), until: rule.until }
    // A window is kept in rows of its own.
    const simple = !batch.chosen && !batch.gateKeys && rule.within === null
    for (let i = simple ? this.#keyedBlocks.storeUnique(batch, shared) : 0; i < batch.ids.length; i++) {
      const id = batch.ids[i]!
      const key = batch.keys![i]!
      const existing = batch.chosen && this.#exists.get(id) ? id : this.#settle(batch, rule, i, now, ended)
      if (existing !== null) duplicates.push([id, existing, false])
      else if (batch.gateKeys) this.#storeGated(shared, batch, rule, i, now, ended)
      else {
        this.#oneUnique.run(id, key, batch.args[i]!, shared)
        this.#uniques.taken(batch.task, key, id, rule, now)
      }
    }
    return { duplicates, ended }
  }

  #insertGated(batch: EnqueueBatch, shared: Shared, now: number): Inserted {
    const duplicates: Duplicate[] = []
    const ended: RevokedJob[] = []
    const places = new Places()
    const limit = batch.concurrency?.limit ?? null
    const scheduled = shared.state === 'SCHEDULED'
    const letIn = { ...shared, limit }
    for (let i = batch.chosen ? 0 : this.#keyedBlocks.storeLetIn(batch, letIn); i < batch.ids.length; i++) {
      const id = batch.ids[i]!
      if (batch.chosen && this.#exists.get(id)) {
        duplicates.push([id, id, false])
        continue
      }
      const entry = this.#admission.enter(batch, i, scheduled, now, places)
      if (entry.state === shared.state && entry.concurrencyLimit === limit && !batch.chosen) {
        this.#letIn.run(id, entry.concurrencyKey, entry.rateKey, batch.args[i]!, letIn)
        continue
      }
      this.#run(id, entry, null, null, batch.args[i]!, shared)
      if (entry.state === 'REVOKED') ended.push({ id, task: batch.task, queue: batch.queue })
    }
    return { duplicates, ended }
  }

  /** Deals with the job that holds the key of a new one; returns its id when the new one is not to be stored. */
  #settle(batch: EnqueueBatch, rule: UniqueRule, i: number, now: number, ended: RevokedJob[]): string | null {
    const holder = this.#uniques.holder(batch.task, batch.keys![i]!, rule, now)
    if (holder === null) return null
    if (rule.debounce && isLive(holder) && WAITING.has(holder.state)) {
      this.#uniques.move(holder, batch, i, now)
      return holder.id
    }
    if (rule.onConflict !== 'replace' || !isLive(holder)) return holder.id
    if (WAITING.has(holder.state)) {
      ended.push(...this.#revocations.revokeWaiting(holder.id, `replaced by ${batch.ids[i]!}`, now))
      return null
    }
    // What has begun counts for its window, and is otherwise left to run beside the new one, which takes its key.
    if (rule.within !== null && holder.enqueuedAt > now - rule.within) return holder.id
    this.#uniques.give(holder.seq)
    return null
  }

  #storeGated(
    shared: Shared,
    batch: EnqueueBatch,
    rule: UniqueRule,
    i: number,
    now: number,
    ended: RevokedJob[],
  ): void {
    const id = batch.ids[i]!
    const key = batch.keys![i]!
    const entry = this.#admission.enter(batch, i, shared.state === 'SCHEDULED', now, new Places())
    this.#run(id, entry, key, rule.until, batch.args[i]!, shared)
    if (entry.state === 'REVOKED') ended.push({ id, task: batch.task, queue: batch.queue })
    this.#uniques.taken(batch.task, key, id, rule, now)
  }

  #run(
    id: string,
    entry: Entry,
    key: string | null,
    until: string | null,
    args: string | Uint8Array,
    shared: Shared,
  ): void {
    const { state, concurrencyKey, concurrencyLimit, rateKey, blockedOn, finishedAt, revokeReason } = entry
    const gates = [concurrencyKey, concurrencyLimit, rateKey, blockedOn, finishedAt, revokeReason]
    this.#keyed.run(id, state, key, until, ...gates, args, shared)
  }

  /** The job that keeps one of a batch from being stored, or null: such a batch is stored as a whole or not at all. */
  #conflict(batch: EnqueueBatch, rule: UniqueRule, now: number): string | null {
    const own = new Map<string, string>()
    for (const [i, id] of batch.ids.entries()) {
      if (batch.chosen && this.#exists.get(id)) continue
      const key = batch.keys![i]!
      const existing = this.#uniques.holder(batch.task, key, rule, now)?.id ?? own.get(key)
      if (existing !== undefined) return existing
      own.set(key, id)
    }
    return null
  }
}

const isLive = (holder: Holder): holder is Holder & { seq: number } => holder.seq !== null

function sharedOf(batch: EnqueueBatch, now: number, slot: Slot | undefined) {
  const scheduled = batch.runAt !== null && batch.runAt > now
  return {
    task: batch.task,
    queue: batch.queue,
    state: scheduled ? 'SCHEDULED' : 'PENDING',
    priority: batch.priority,
    rank: rankOf(batch.runAt ?? now, batch.priority),
    now,
    runAt: batch.runAt,
    expiresAt: batch.expiresAt,
    maxAttempts: batch.maxAttempts,
    parentId: batch.parentId,
    rootId: batch.rootId,
    schedule: slot?.schedule ?? null,
    scheduledFor: slot?.scheduledFor ?? null,
    codec: batch.codec,
    options: batch.options,
  }
}
