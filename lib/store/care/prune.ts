import type { Retention } from '../../wire/care.ts'
import { Pruning } from '../prune.ts'
import { PruneWalk } from '../prune-walk.ts'
import { tallyOf } from '../tally.ts'
import { withFile } from './connection.ts'

/** Between two transactions, so that others can write, in ms. */
const PAUSE = 10

/** Deletes all that is past its retention now; returns how many jobs. */
export async function prune(path: string, retention: Retention, now: number): Promise<number> {
  return withFile(path, 'write', async (db) => {
    const walk = new PruneWalk(new Pruning(db), retention, () => performance.now())
    let pruned = 0
    do {
      const page = walk.look(now)
      if (page.runs.length === 0) {
        walk.moveOn(page, null)
        continue
      }
      const done = db
        .transaction(() => {
          const deleted = walk.remove(page)
          tallyOf(db).flush()
          return deleted
        })
        .immediate()
      walk.moveOn(page, done)
      pruned += done.removed
      await new Promise((resolve) => setTimeout(resolve, PAUSE))
    } while (walk.underway)
    return pruned
  })
}
