/** Eight processes on one file: the short form of `npm run torture -- contention`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contend } from './contention/suite.ts'

test('eight processes on one file, and readers that hold it, lose nothing, run nothing twice and are never refused', async (t) => {
  const { jobs, wal, wait, spread, violations } = await contend({ seconds: 2 })
  t.diagnostic(`${jobs} jobs, WAL up to ${wal} bytes, longest wait ${wait} ms, spread ${spread}`)
  assert.deepEqual(violations.slice(0, 5), [])
})
