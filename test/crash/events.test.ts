import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../fixtures/folder.ts'
import { EventLog, LogReader, lastEvents } from './events.ts'

test('a line that is still being written is read once it is whole', () => {
  const path = join(temporaryFolder(), 'events')
  const log = new EventLog(path)
  const reader = new LogReader(path)
  assert.deepEqual([lastEvents(path, 100), reader.read()], [[], []])
  log.write({ what: 'asked', key: 'one' })
  log.write({ what: 'asked', key: 'two' })
  appendFileSync(path, '{"what":"asked","ke')
  const keys = (): unknown[] =>
    [lastEvents(path, 1_000), reader.read(), lastEvents(path, 100)].map((events) =>
      events.map((event) => 'key' in event && event.key),
    )
  assert.deepEqual(keys(), [['one', 'two'], ['one', 'two'], ['two']])
  appendFileSync(path, 'y":"three","pid":1,"at":1}\n')
  assert.deepEqual(keys(), [['one', 'two', 'three'], ['one', 'two', 'three'], ['three']])
  reader.close()
  log.close()
})
