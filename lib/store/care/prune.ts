import type { Retention } from '../../wire/care.ts'
import { Pruning } from '../prune.ts'
import { PrunePace } from '../prune-pace.ts'
import { tallyOf } from '../tally.ts'
import { withFile } from './connection.ts'

const PAGE = 500
/** Between two transactions, so that others can write, in ms. */
const PAUSE = 10

/** Deletes all that is past its retention now; returns how many jobs. */
export async function prune(path: string, retention: Retention, now: number): Promise<number> {
  return withFile(path, 'write', async (db) => {
    const pruning = new Pruning(db)
    const pace = new PrunePace(() => performance.now())
    let after = 0
    let pruned = 0
    while (true) {
      const page = pruning.look(retention, after, PAGE, now)
      let brokeOff: number | null = null
      if (page.runs.length > 0) {
        const work = db.transaction(() => {
          pace.begin()
          const done = pruning.remove(page, () => pace.more())
          tallyOf(db).flush()
          return done
        })
        const done = work.immediate()
        pruned += done.removed
        brokeOff = done.brokeOff
        await new Promise((resolve) => setTimeout(resolve, PAUSE))
      }
      if (brokeOff === null && page.next === 0) return pruned
      after = brokeOff ?? page.next
    }
  })
}
