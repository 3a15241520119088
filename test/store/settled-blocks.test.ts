/** Ends written by one statement must be the same as those written one by one. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Database from 'better-sqlite3'
import type { Success } from '../../lib/store/jobs/settle-blocks.ts'
import { Store } from '../../lib/store/store.ts'
import { freshDatabase } from '../fixtures/folder.ts'

const NOW = 1_800_000_000_000
const JOBS = 100
const OTHER = 2
/** Jobs without a gap, then some that another runs, and some that nobody runs. */
const isTaken = (seq: number) => seq > 50 && seq % 10 === 3
const isOurs = (seq: number) => !isTaken(seq) && !(seq > 50 && seq % 10 === 7)

/** A file with claimed jobs, some of them no longer ours, and what became of them. */
function prepared() {
  const store = new Store(freshDatabase(), 'normal')
  const seqs = Array.from({ length: JOBS }, (_, i) => i + 1)
  const shape = {
    task: 't',
    queue: 'q',
    priority: 0,
    runAt: null,
    expiresAt: null,
    maxAttempts: 9,
    codec: 'json' as const,
  }
  const rest = { options: null, parentId: null, rootId: null, chosen: false }
  const ids = seqs.map((seq) => `job-${seq}`)
  store.write(() => {
    store.inserts.insert({ ...shape, ...rest, ids, args: ids.map(() => '[]') }, NOW)
    const mine = seqs.filter(isOurs)
    store.claims.start(
      mine.map((seq) => ({ seq, token: seq, freesKey: false })),
      1,
      NOW,
    )
    // Half of these another runs under the very token; the others were claimed again here.
    for (const seq of seqs.filter(isTaken)) {
      const again = seq % 20 === 3
      store.claims.start([{ seq, token: again ? seq + JOBS : seq, freesKey: false }], again ? 1 : OTHER, NOW)
    }
  })
  return { store, seqs }
}

/** Neighbours that end alike are written as a range. */
const isAlike = (seq: number) => seq <= 34 || seq >= 60

const successOf = (seq: number): Success => ({
  claim: {
    seq,
    owner: 1,
    token: seq,
    thread: isAlike(seq) ? (seq > 20 ? 2 : 1) : seq % 3,
    task: 't',
    queue: 'q',
    due: NOW,
  },
  startedAt: NOW + (isAlike(seq) ? 0 : seq % 5),
  result: isAlike(seq) || seq % 2 ? null : `"${seq}"`,
  ran: seq,
})

function contents(path: string): unknown[][] {
  const db = new Database(path, { readonly: true })
  const tables = ['celeriac_jobs', 'celeriac_claims', 'celeriac_counts', 'celeriac_stats_minute']
  const rows = tables.map((table) => db.prepare(`SELECT * FROM ${table} ORDER BY 1`).all())
  db.close()
  return rows
}

function oneByOne(order: (seqs: number[]) => number[]) {
  const { store, seqs } = prepared()
  const held = store.write(() =>
    order(seqs).map((seq) => {
      const { claim, startedAt, result, ran } = successOf(seq)
      return store.settlements.succeed(claim, startedAt, NOW + 9, result, ran)
    }),
  )
  store.close()
  return { held, rows: contents(store.path) }
}

const ORDERS: [string, (seqs: number[]) => number[]][] = [
  ['in their order', (seqs) => seqs],
  ['backwards', (seqs) => [...seqs].reverse()],
  ['only those that are ours', (seqs) => seqs.filter(isOurs)],
  ['all neighbours of each other', (seqs) => seqs.slice(3, 37)],
]

describe('jobs ended by blocks', () => {
  for (const [how, order] of ORDERS) {
    test(`${how} leave what jobs ended one by one leave`, () => {
      const { store, seqs } = prepared()
      const successes = order(seqs).map(successOf)
      let blocks = 0
      const held = store.write(() =>
        store.settledBlocks.succeed(successes, NOW + 9).map((written, i) => {
          if (written !== null) {
            blocks++
            return written
          }
          const { claim, startedAt, result, ran } = successes[i] as Success
          return store.settlements.succeed(claim, startedAt, NOW + 9, result, ran)
        }),
      )
      store.close()
      assert.ok(blocks >= 16, `${blocks} in blocks`)
      assert.deepEqual({ held, rows: contents(store.path) }, oneByOne(order))
    })
  }

  test('are left to be written one by one when the row of one cannot hold what it is to hold', () => {
    const { store } = prepared()
    const ours = Array.from({ length: JOBS }, (_, i) => i + 1).filter(isOurs)
    const successes = ours.slice(0, 16).map((seq) => ({ ...successOf(seq), result: `${seq}` }))
    const before = store.reads.state('job-1')
    const unfit = successes.map((success, i) => (i === 15 ? { ...success, startedAt: 0.5 } : success))
    const held = store.write(() => store.settledBlocks.succeed(unfit, NOW))
    assert.deepEqual(new Set(held), new Set([null]))
    const alike = ours.slice(0, 16).map((seq) => ({ ...successOf(seq), startedAt: 0.5 }))
    assert.deepEqual(new Set(store.write(() => store.settledBlocks.succeed(alike, NOW))), new Set([null]))
    assert.deepEqual(store.reads.state('job-1'), before, 'the whole statement is undone')
    assert.deepEqual(new Set(store.write(() => store.settledBlocks.succeed(successes, NOW))), new Set([true]))
    store.close()
  })

  test('never insert a job, even when a claim is left without one', () => {
    const { store } = prepared()
    store.close()
    const db = new Database(store.path)
    db.exec('DELETE FROM celeriac_jobs WHERE seq = 5')
    db.close()
    const again = new Store(store.path, 'normal')
    const ours = Array.from({ length: 20 }, (_, i) => successOf(i + 1))
    const unlike = ours.map((success, i) => ({ ...success, result: `${i}` }))
    assert.deepEqual(new Set(again.write(() => again.settledBlocks.succeed(unlike, NOW))), new Set([null]))
    const held = again.write(() => again.settledBlocks.succeed(ours, NOW))
    assert.deepEqual(
      held,
      ours.map(({ claim }) => claim.seq !== 5),
    )
    assert.equal(again.reads.state('job-5'), null)
    again.close()
  })
})
