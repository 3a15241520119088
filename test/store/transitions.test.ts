/** The life of a job: the table, and the store's statements, which may do nothing that is not in it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  allows,
  FINAL_STATES,
  isFinal,
  STATES,
  type State,
  TRANSITIONS,
  WAITING_STATES,
} from '../../lib/domain/states.ts'
import type { Claim } from '../../lib/store/jobs/settle.ts'
import { Store } from '../../lib/store/store.ts'
import { plainBatch } from '../fixtures/batch.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { type Connection, watched } from './watched.ts'

const BATCH = plainBatch([], { maxAttempts: 3 })

interface Row {
  seq: number
  id: string
  state: State
  owner: number | null
  token: number | null
  key: string | null
}

/** Everything that moves a job, by the event it stands for in the table. */
const MOVES: Record<string, { event: string; run: (store: Store, job: Row, claim: Claim, now: number) => unknown }> = {
  due: { event: 'due', run: ({ claims }, _job, _claim, now) => claims.promote(now, 0, 100) },
  claim: {
    event: 'claim',
    run: ({ claims }, { seq }, { owner, token }, now) => claims.start([{ seq, token, freesKey: false }], owner, now),
  },
  expire: { event: 'expire', run: ({ claims }, _job, _claim, now) => claims.expire(now, 100) },
  succeed: { event: 'succeed', run: ({ settlements }, _job, claim, now) => settlements.succeed(claim, now, now, '1') },
  fail: { event: 'fail', run: ({ settlements }, _job, claim, now) => settlements.fail(claim, now, now, '{}') },
  retry: {
    event: 'retry',
    run: ({ settlements }, _job, claim, now) => settlements.retry(claim, now, now, '{}', now + 50),
  },
  snooze: { event: 'snooze', run: ({ settlements }, _job, claim, now) => settlements.snooze(claim, now + 50) },
  giveBack: { event: 'give-back', run: ({ settlements }, _job, claim) => settlements.giveBack(claim) },
  crash: { event: 'crash', run: ({ settlements }, _job, claim, now) => settlements.crash(claim, now, now, '{}') },
  failCrashed: {
    event: 'crash',
    run: ({ settlements }, _job, claim, now) => settlements.failCrashed(claim, now, now, '{}'),
  },
  revokeRunning: {
    event: 'revoke',
    run: ({ settlements }, _job, claim, now) => settlements.revoke(claim, now, now, null),
  },
  retryByHand: {
    event: 'retry-by-hand',
    run: ({ retries }, { seq }, _claim, now) => retries.retry(retries.steered(seq)!, now),
  },
  revoke: { event: 'revoke', run: ({ revocations }, { id }, _claim, now) => revocations.revoke(id, true, null, now) },
  forget: { event: 'none', run: ({ revocations }, { id }) => revocations.forget(id) },
  progress: { event: 'none', run: ({ settlements }, _job, claim) => settlements.progress(claim, '0.5') },
}

/** A store that checks each of its statements as it is run. */
class CheckedStore {
  readonly store: Store
  readonly #db: Connection
  /** What is going on: its event, and the claim it is made with. */
  event = 'none'
  claim: Claim | null = null
  readonly violations: string[] = []
  #rows = new Map<number, Row>()

  constructor() {
    let db: Connection | undefined
    this.store = watched(
      {
        prepared: (_sql, connection) => {
          db = connection
        },
        after: (sql) => {
          // The claim is given up by one statement, and the end written by the next.
          if (this.event === 'succeed' && /^DELETE FROM celeriac_claims/.test(sql)) return
          if (/^\s*(INSERT|UPDATE|DELETE)[\s\S]*celeriac_(jobs|claims)/.test(sql)) this.#check(sql)
        },
      },
      () => new Store(freshDatabase(), 'normal'),
    )
    this.#db = db as Connection
  }

  rows(): Row[] {
    return this.#db
      .prepare('SELECT seq, id, state, owner, token, concurrency_key AS key FROM celeriac_jobs_now')
      .all() as Row[]
  }

  /** Ended jobs by state, as counted and as they lie there. */
  ended(): { counters: unknown; ended: unknown } {
    const counters = this.#db.prepare('SELECT state, jobs FROM celeriac_counts WHERE jobs <> 0 ORDER BY state').all()
    const finals = FINAL_STATES.map((state) => `'${state}'`).join(', ')
    const sql = `SELECT state, count(*) AS jobs FROM celeriac_jobs WHERE state IN (${finals}) GROUP BY state ORDER BY state`
    return { counters, ended: this.#db.prepare(sql).all() }
  }

  /** Puts a job into a state as no statement of the store could. */
  force(job: { state: State; owner: number | null; token: number | null; runAt: number; expiresAt: number }): Row {
    this.do('enqueue', null, () => this.store.inserts.insert({ ...BATCH, ids: [crypto.randomUUID()], args: ['[]'] }, 1))
    const { seq } = this.rows().at(-1)!
    const started = job.state === 'STARTED'
    this.#db
      .prepare('UPDATE celeriac_jobs SET state = ?, run_at = ?, expires_at = ?, finished_at = ? WHERE seq = ?')
      .run(started ? 'PENDING' : job.state, job.runAt, job.expiresAt, isFinal(job.state) ? 1 : null, seq)
    if (started)
      this.#db
        .prepare('INSERT INTO celeriac_claims (seq, owner, token, started_at) VALUES (?, ?, ?, 1)')
        .run(seq, job.owner, job.token)
    this.#rows = new Map(this.rows().map((row) => [row.seq, row]))
    return this.#rows.get(seq)!
  }

  do(event: string, claim: Claim | null, work: () => void): void {
    this.event = event
    this.claim = claim
    this.store.write(work)
    this.#check(event)
    this.event = 'none'
  }

  #check(sql: string): void {
    const now = new Map(this.rows().map((row) => [row.seq, row]))
    for (const row of now.values()) {
      const before = this.#rows.get(row.seq)
      const from = before?.state ?? null
      if (from === row.state) continue
      // Whatever frees a place gives it on.
      if (!allows(this.event, from, row.state) && !allows('release', from, row.state))
        this.violations.push(`${this.event}: ${from} → ${row.state} by ${sql.trim().slice(0, 60)}`)
      const held = before?.owner === this.claim?.owner && before?.token === this.claim?.token
      if (from === 'STARTED' && !held)
        this.violations.push(`${this.event} without the claim: ${from} → ${row.state} by ${sql.trim().slice(0, 60)}`)
    }
    for (const seq of this.#rows.keys())
      if (!now.has(seq)) this.violations.push(`job ${seq} vanished by ${sql.trim().slice(0, 60)}`)
    this.#rows = now
  }
}

describe('the table', () => {
  test('answers for exactly its own rows', () => {
    const events = [...new Set(TRANSITIONS.map(({ event }) => event)), 'unheard-of']
    let allowed = 0
    for (const event of events) {
      for (const from of [null, ...STATES]) {
        for (const to of STATES) {
          const listed = TRANSITIONS.filter((one) => one.event === event && one.from === from && one.to === to)
          assert.ok(listed.length <= 1, `${event}: ${from} → ${to} stands once`)
          assert.equal(allows(event, from, to), listed.length === 1)
          allowed += listed.length
        }
      }
    }
    assert.equal(allowed, TRANSITIONS.length)
  })

  test('lets no job leave a final state but by hand, nor STARTED without its claim, and every job end', () => {
    for (const { event, from, to, fenced } of TRANSITIONS) {
      if (from !== null && isFinal(from)) assert.equal(event, 'retry-by-hand')
      assert.equal(fenced, from === 'STARTED', `${event}: ${from} → ${to}`)
    }
    assert.deepEqual(new Set([...FINAL_STATES, ...WAITING_STATES, 'STARTED']), new Set(STATES))
    const reached = new Set<State>()
    const visit = (state: State): void => {
      if (reached.has(state)) return
      reached.add(state)
      for (const { from, to } of TRANSITIONS) if (from === state) visit(to)
    }
    for (const { from, to } of TRANSITIONS) if (from === null) visit(to)
    assert.deepEqual(reached, new Set(STATES))
    for (const state of WAITING_STATES) assert.ok(TRANSITIONS.some(({ from, to }) => from === state && isFinal(to)))
  })
})

describe('the store', () => {
  test('does with a job in each state what the table says, and nothing else', () => {
    const checked = new CheckedStore()
    let moved = 0
    for (const [name, { event, run }] of Object.entries(MOVES)) {
      for (const state of STATES) {
        const started = state === 'STARTED'
        const job = checked.force({
          state,
          owner: started ? 7 : null,
          token: started ? 9 : null,
          runAt: 5,
          expiresAt: 5,
        })
        const claim = { seq: job.seq, owner: 7, token: 9, thread: 1, task: 'task', queue: 'queue' }
        checked.do(event, claim, () => void run(checked.store, job, claim, 10))
        const after = checked.rows().find(({ seq }) => seq === job.seq)!.state
        const expected = TRANSITIONS.filter((one) => one.event === event && one.from === state).map(({ to }) => to)
        const idle = expected.length === 0 || ((name === 'revokeRunning') !== started && event === 'revoke')
        if (idle) assert.equal(after, state, `${name} leaves a job alone that is ${state}`)
        else {
          assert.ok(expected.includes(after), `${name} moves a job that is ${state} to ${after}`)
          moved++
        }
        // Out of the way of the next one.
        checked.do('revoke', null, () => checked.store.revocations.revoke(job.id, false, null, 1))
      }
    }
    assert.deepEqual(checked.violations, [])
    assert.ok(moved >= 15, `${moved} moves`)
    checked.store.close()
  })

  test('never leaves the table, whatever happens in whatever order, with claims that are held or lost', () => {
    const times = fc.option(fc.integer({ min: 0, max: 200 }), { nil: null })
    const step = fc.oneof(
      {
        weight: 2,
        arbitrary: fc.record({
          name: fc.constant('enqueue'),
          runAt: times,
          expiresAt: times,
          key: fc.constantFrom(null, 'one', 'one', 'two'),
          discard: fc.boolean(),
        }),
      },
      {
        weight: 8,
        arbitrary: fc.record({
          name: fc.constantFrom(...Object.keys(MOVES), 'claim', 'claim', 'due'),
          job: fc.nat(7),
          owner: fc.integer({ min: 1, max: 2 }),
          /** The token held, one that was held before, or a new one. */
          token: fc.constantFrom(0, 0, 0, -1, 1),
          wait: fc.nat(30),
        }),
      },
    )
    const reached = new Set<State>()
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), (steps) => {
        const checked = new CheckedStore()
        let now = 1
        let tokens = 0
        for (const one of steps) {
          if ('runAt' in one) {
            const { runAt, expiresAt, key, discard } = one
            const concurrency = { limit: key === 'one' ? 1 : 2, discard }
            const gates = key === null ? {} : { concurrency, gateKeys: { concurrency: [key], rate: null } }
            checked.do('enqueue', null, () =>
              checked.store.inserts.insert(
                { ...BATCH, ...gates, runAt, expiresAt, ids: [crypto.randomUUID()], args: ['[]'] },
                now,
              ),
            )
          } else if ('job' in one) {
            now += one.wait
            const rows = checked.rows()
            const job = rows[one.job % Math.max(1, rows.length)]
            if (!job) continue
            const { event, run } = MOVES[one.name]!
            const token = one.name === 'claim' ? ++tokens : (job.token ?? 0) + one.token
            const claim = { seq: job.seq, owner: one.owner, token, thread: 1, task: 'task', queue: 'queue' }
            checked.do(event, claim, () => void run(checked.store, job, claim, now))
            checked.do('release', null, () => ['one', 'two'].forEach((key) => void checked.store.admission.refill(key)))
          }
          const rows = checked.rows()
          for (const { state } of rows) reached.add(state)
          for (const [key, limit] of [
            ['one', 1],
            ['two', 2],
          ] as const) {
            const own = rows.filter((row) => row.key === key)
            const placed = own.filter(({ state }) => state === 'PENDING' || state === 'STARTED').length
            assert.ok(placed <= limit, `${placed} jobs of the key "${key}" are let in`)
            if (own.some(({ state }) => state === 'BLOCKED'))
              assert.equal(placed, limit, 'a place is free, and one waits')
          }
        }
        const { counters, ended } = checked.ended()
        checked.store.close()
        assert.deepEqual(checked.violations, [])
        assert.deepEqual(counters, ended, 'the counters agree with the rows')
      }),
      { numRuns: 60, seed: 20_260_301 },
    )
    assert.deepEqual(reached, new Set(STATES), 'every state was reached')
  })
})
