import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linesOf } from '../../lib/wire/log-lines.ts'

test('a part of a log that cannot be read is one line that says so, and the other parts are as they were', () => {
  const whole = [{ at: 7, level: 'info', text: 'a' }]
  const wrong = [
    '',
    '{"at":1}',
    '["1",0,1,"a"]',
    '[7,0,1]',
    '[7,"0",1,"a"]',
    '[1e300,0,1,"a"]',
    '[7,9e15,1,"a"]',
    '[7,',
  ]
  for (const damaged of wrong) {
    const [first, ...others] = linesOf(`${damaged}\n[7,0,1,"a"]`)
    assert.equal(first?.text, '[unreadable]', damaged)
    assert.ok(!Number.isNaN(new Date(first?.at as number).getTime()), damaged)
    assert.deepEqual(others, whole, damaged)
  }
})
