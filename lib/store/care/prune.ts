import type { Retention } from '../../wire/care.ts'
import { Pruning } from '../prune.ts'
import { tallyOf } from '../tally.ts'
import { withFile } from './connection.ts'

const PAGE = 500
/** Longest that one deletion holds the writer, and the pause that lets others write, in ms. */
const HOLD = 8
const PAUSE = 10

/** Deletes all that is past its retention now; returns how many jobs. */
export async function prune(path: string, retention: Retention, now: number): Promise<number> {
  return withFile(path, 'write', async (db) => {
    const pruning = new Pruning(db)
    let after = 0
    let pruned = 0
    while (true) {
      const page = pruning.look(retention, after, PAGE, now)
      let removed = 0
      let whole = true
      if (page.jobs.length > 0) {
        const end = performance.now() + HOLD
        const work = db.transaction(() => {
          whole = pruning.remove(page, () => {
            removed++
            return performance.now() < end
          })
          tallyOf(db).flush()
        })
        work.immediate()
        pruned += whole ? page.jobs.length : removed
        await new Promise((resolve) => setTimeout(resolve, PAUSE))
      }
      if (!whole) continue
      if (page.next === 0) return pruned
      after = page.next
    }
  })
}
