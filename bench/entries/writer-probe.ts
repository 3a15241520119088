/**
 * Takes the file's write lock again and again and lets it go at once, until it is told to end. Reports how long it waited, in ms: as
 * long as others held it. Argument: database.
 */
import Database from 'better-sqlite3'
import { percentile } from '../numbers.ts'
import { argument, endWithParent, report } from './entry.ts'

const EVERY = 3

endWithParent()
const db = new Database(argument(0), { timeout: 60_000 })
const begin = db.prepare('BEGIN IMMEDIATE')
const rollback = db.prepare('ROLLBACK')
const waits: number[] = []
const timer = setInterval(() => {
  const began = performance.now()
  begin.run()
  waits.push(performance.now() - began)
  rollback.run()
}, EVERY)
report({})
process.on('message', () => {
  clearInterval(timer)
  report({ p99: percentile(waits, 0.99), max: Math.max(...waits) })
  db.close()
  process.disconnect()
})
