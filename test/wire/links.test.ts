import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deserialize, serialize } from 'node:v8'
import { decode } from '../../lib/wire/codec.ts'
import { linkedBatches } from '../../lib/wire/links.ts'
import type { StoredLink } from '../../lib/wire/stored-options.ts'

const base64 = (value: unknown): string => Buffer.from(serialize(value)).toString('base64')

const link = (codec: 'json' | 'v8', args: string): StoredLink => ({
  task: 'later',
  queue: 'default',
  priority: 0,
  maxAttempts: 1,
  codec,
  options: null,
  id: null,
  runAt: null,
  delay: null,
  expiresAt: null,
  expiresIn: null,
  args,
})

test('a link whose stored arguments cannot be read becomes a job that fails, and the job that ends does not', () => {
  const job = { id: 'a', rootId: null, codec: 'v8' } as const
  const result = serialize(new Map([[1, 2]]))
  const links = [
    link('v8', Buffer.from('f\x0fA').toString('base64')),
    link('v8', base64(5)),
    link('v8', base64([7])),
    // Its codec was changed: no Map goes into JSON.
    link('json', '[]'),
  ]
  const [noV8, noList, whole, noJson] = linkedBatches(links, job, { result }, 1).map(({ args }) => args[0])
  assert.deepEqual(deserialize(whole as Uint8Array), [new Map([[1, 2]]), 7])
  for (const [args, codec] of [
    [noV8, 'v8'],
    [noList, 'v8'],
    [noJson, 'json'],
  ] as const)
    assert.throws(() => decode(args as string, codec), { code: 'INVALID_PAYLOAD' })
})
