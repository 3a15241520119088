import { join } from 'node:path'
import { v7 } from 'uuid'
import { Store } from '../../lib/store/store.ts'
import type { EnqueueBatch } from '../../lib/wire/messages.ts'
import { plainBatch } from '../../test/fixtures/batch.ts'
import type { Trial } from '../case.ts'
import { expectEqual } from '../check.ts'
import { rawJobs } from '../raw/jobs.ts'
import { type Cost, Costs } from './costs.ts'

const WARMUP = 6
const ROUNDS = 24
const JOBS = 1_024
const CLAIM = 256

/**
 * What the engine writes for a job, statement by statement, in one thread: no batch depends on when a thread got a core, so that
 * even a small loss shows. Both sides take turns, a millisecond or so each.
 */
export const statements: Trial = async ({ dir }) => {
  const file = join(dir, 'ours.db')
  const store = new Store(file, 'normal')
  const raw = rawJobs(join(dir, 'raw.db'), JOBS * (WARMUP + ROUNDS), { synchronous: 'NORMAL', checkpoints: false })
  const costs = new Costs(JOBS)
  let token = 0
  for (let round = 0; round < WARMUP + ROUNDS; round++) {
    const now = Date.now()
    const batch = noops()
    const claimed: {
      seq: number
      owner: number
      token: number
      thread: number
      due: number
      task: string
      queue: string
    }[] = []
    const rawClaimed: ReturnType<typeof raw.claim>[number][] = []
    const sides: Record<string, Cost> = {
      insert: {
        ours: () => store.write(() => store.inserts.insert(batch, now)),
        raw: () => raw.insertMany(JOBS),
      },
      claim: {
        ours: () => {
          let [rank, seq] = [Number.MIN_SAFE_INTEGER, 0]
          for (let n = 0; n < JOBS; n += CLAIM) {
            store.write(() => {
              const jobs = store.claims.page('default', 'noop', rank, seq, CLAIM).map((row) => {
                ;[seq, rank] = row
                return {
                  seq,
                  owner: 1,
                  token: ++token,
                  freesKey: false,
                  thread: 1,
                  due: rank,
                  task: 'noop',
                  queue: 'default',
                }
              })
              store.claims.start(jobs, 1, now)
              claimed.push(...jobs)
            })
          }
        },
        raw: () => {
          for (let n = 0; n < JOBS; n += CLAIM) rawClaimed.push(...raw.claim(CLAIM))
        },
      },
      settle: {
        ours: () => {
          for (let n = 0; n < JOBS; n += CLAIM) {
            store.write(() => {
              const ended = claimed.slice(n, n + CLAIM)
              const successes = ended.map((claim) => ({ claim, startedAt: now, result: 'null', ran: 0.1 }))
              expectEqual(
                store.settledBlocks.succeed(successes, now).includes(null),
                false,
                'a job left over by blocks',
              )
            })
          }
        },
        raw: () => {
          for (let n = 0; n < JOBS; n += CLAIM) raw.finish(rawClaimed.slice(n, n + CLAIM), 'null')
        },
      },
    }
    for (const [name, cost] of Object.entries(sides)) await costs.measure(name, cost, round >= WARMUP)
    expectEqual([claimed.length, rawClaimed.length], [JOBS, JOBS], 'jobs claimed in a round')
    store.checkpoint()
    raw.checkpoint()
  }
  store.close()
  raw.expect(0, JOBS * (WARMUP + ROUNDS))
  raw.close()
  return costs.sample()
}

const noops = (): EnqueueBatch =>
  plainBatch(
    Array.from({ length: JOBS }, () => v7()),
    { task: 'noop', queue: 'default' },
  )
