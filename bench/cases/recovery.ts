import { join } from 'node:path'
import type { Case, TrialEnv } from '../case.ts'
import { expectEqual } from '../check.ts'
import { exited, nextMessage, startEntry } from '../entries/entry.ts'
import { monotonic } from '../functions.ts'
import { percentile } from '../numbers.ts'
import { openApp } from '../ours/app.ts'
import { expectRows, readRows } from '../ours/rows.ts'

const kills = ({ quick }: TrialEnv) => (quick ? 3 : 20)

/** Starts a process, waits until its job runs there, kills it with SIGKILL. */
async function killOne(env: TrialEnv, file: string, n: number) {
  const child = startEntry('victim', [file, join(env.dir, `runs-${n}`)])
  const ids = await nextMessage<{ id: string; behind: string }>(child)
  const killed = monotonic()
  child.kill('SIGKILL')
  return { ...ids, killed, gone: exited(child) }
}

const spread = (times: readonly number[]) => ({ p50: percentile(times, 0.5), p99: percentile(times, 0.99) })

export const recovery: Case = {
  name: 'recovery',
  what:
    'kill -9 of a process with a running job, 20 times: until the job runs in another live process; ' +
    'and, with no other alive, from the start of a new process until it runs there',
  baseline: 'for the restart: the same start, until a job that was only queued runs',
  timeLimit: 600,
  trials: {
    async live(env) {
      const file = join(env.dir, 'ours.db')
      const { app } = await openApp(file)
      await app.start()
      const times: number[] = []
      for (let i = 0; i < kills(env); i++) {
        const { id, behind, killed } = await killOne(env, file, i)
        times.push((await app.result<number>(id).get({ timeout: 60_000 })) - killed)
        await app.result(behind).get({ timeout: 60_000 })
      }
      await app.stop()
      // A job that this process took before the victim could is one more success.
      const rows = readRows(file)
      const { SUCCESS = 0, ...others } = rows.states()
      rows.close()
      expectEqual([SUCCESS >= 2 * kills(env), others], [true, {}], 'all succeeded, and nothing else left')
      return spread(times)
    },
    async restart(env) {
      const file = join(env.dir, 'ours.db')
      const orphans: number[] = []
      const queued: number[] = []
      for (let i = 0; i < kills(env); i++) {
        const { id, behind, gone } = await killOne(env, file, i)
        await gone
        const began = monotonic()
        const child = startEntry('survivor', [file, id, behind])
        const answer = await nextMessage<{ orphan: number; behind: number }>(child)
        await exited(child)
        orphans.push(answer.orphan - began)
        queued.push(answer.behind - began)
      }
      expectRows(file, { SUCCESS: 2 * kills(env) })
      return { ...spread(orphans), queued: percentile(queued, 0.5) }
    },
  },
  figures: [
    { name: 'recovery, live process', unit: 'ms', ours: 'live.p99', compare: 'value', most: 1_000 },
    {
      name: 'recovery, restart',
      unit: 'ms',
      ours: 'restart.p99',
      baseline: 'restart.queued',
      compare: 'value',
      most: 1_000,
    },
    // In the first claim: not later than a job that was simply waiting, give or take the scheduling of two threads.
    {
      name: 'recovery, first claim',
      unit: 'ms',
      ours: 'restart.p50',
      baseline: 'restart.queued',
      compare: 'difference',
      most: 20,
    },
  ],
}
