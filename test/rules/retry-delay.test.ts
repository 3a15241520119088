/** Retry delays: within their bounds for every policy, every retry and every draw. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  changedPolicy,
  RETRY_DEFAULTS,
  type RetryChange,
  type RetryPolicy,
  retryDelay,
} from '../../lib/domain/retry.ts'

const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const retry = fc.oneof(fc.nat(20), fc.nat(2 ** 31))
const policy = fc.record({
  maxRetries: fc.nat(1_000),
  backoff: fc.constantFrom('exponential' as const, 'fixed' as const),
  delay: fc.nat(10_000_000),
  maxDelay: fc.nat(100_000_000),
  jitter: fc.constantFrom('equal' as const, 'full' as const, 'none' as const),
  on: fc.constant(null),
})

describe('the delay before a retry', () => {
  test('is a whole number of ms between the bounds of its jitter, never above maxDelay', () => {
    fc.assert(
      fc.property(policy, retry, draw, (p, n, random) => {
        const delay = retryDelay(p, n, null, random)
        const most = Math.min(p.maxDelay, p.backoff === 'fixed' ? p.delay : p.delay * 2 ** Math.min(n, 1_000))
        const least = { none: most, equal: most / 2, full: 0 }[p.jitter]
        assert.ok(Number.isInteger(delay))
        assert.ok(delay >= Math.floor(least) && delay <= Math.ceil(most), `${delay} is not in [${least}, ${most}]`)
      }),
      { numRuns: 2_000 },
    )
  })

  test('never shrinks from one retry to the next without jitter, and spreads with it', () => {
    fc.assert(
      fc.property(policy, fc.nat(60), (p, n) => {
        const steady: RetryPolicy = { ...p, jitter: 'none' }
        assert.ok(retryDelay(steady, n + 1, null, 0) >= retryDelay(steady, n, null, 0))
      }),
    )
    const p: RetryPolicy = { ...RETRY_DEFAULTS, maxRetries: 3, on: null }
    assert.deepEqual(
      [0, 0.5, 0.999].map((random) => retryDelay(p, 0, null, random)),
      [500, 750, 1_000],
    )
    const full: RetryPolicy = { ...p, jitter: 'full' }
    assert.deepEqual(
      [0, 0.5, 0.999].map((random) => retryDelay(full, 1, null, random)),
      [0, 1_000, 1_998],
    )
  })

  test('doubles from `delay` to `maxDelay`', () => {
    const p: RetryPolicy = { ...RETRY_DEFAULTS, jitter: 'none', maxRetries: 20, on: null }
    const delays = Array.from({ length: 12 }, (_, n) => retryDelay(p, n, null, 0))
    assert.deepEqual(delays.slice(0, 4), [1_000, 2_000, 4_000, 8_000])
    assert.deepEqual(delays.slice(9), [512_000, 600_000, 600_000])
  })

  test('of a function is what it says, from 0 to maxDelay, given the retry and the error', () => {
    const error = new Error('e')
    const asked: unknown[] = []
    const say = (value: number): RetryPolicy => ({
      ...RETRY_DEFAULTS,
      maxRetries: 1,
      on: null,
      backoff: (...args) => {
        asked.push(args)
        return value
      },
    })
    assert.deepEqual(
      [-5, 1.4, 10 ** 12].map((value) => retryDelay(say(value), 2, error, 0.5)),
      [0, 1, 600_000],
    )
    assert.deepEqual(asked[0], [2, error])
  })
})

test('what a call leaves out of its policy is the task’s, and no longest delay is shorter than the delay it gives', () => {
  const names = ['backoff', 'delay', 'maxDelay', 'jitter'] as const
  fc.assert(
    fc.property(policy, fc.option(policy), fc.subarray([...names]), (call, task, given) => {
      const change: RetryChange = { maxRetries: call.maxRetries }
      for (const name of given) Object.assign(change, { [name]: call[name] })
      const { maxDelay, ...rest } = changedPolicy(change, task)
      const base = task ?? { ...RETRY_DEFAULTS, on: null }
      assert.deepEqual(
        rest,
        Object.fromEntries(Object.entries({ ...base, ...change }).filter(([name]) => name !== 'maxDelay')),
      )
      if (change.maxDelay !== undefined) assert.equal(maxDelay, change.maxDelay)
      else assert.equal(maxDelay, Math.max(base.maxDelay, change.delay ?? 0))
    }),
  )
})
