/** How soon the job of a killed process runs again: in another one that lives, and in one that is started then. */
import { availableParallelism, loadavg } from 'node:os'
import { describeViolations } from '../../crash/check.ts'
import { type Child, CrashRun, type Package } from '../../crash/children.ts'
import { drainAndJudge } from '../../crash/verdict.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'

/** Kills of each kind. */
const KILLS: Record<Size, number> = { short: 4, nightly: 200, release: 1_000 }
/** Kills of each kind on one file. */
const KILLS_A_FILE = 50
/** Longest time from the kill to the first statement of the task, in ms, for 99 in 100. A restart begins with Node's own start. */
const GATES: Record<Size, { elsewhere: number; restarted: number }> = {
  // What else runs beside a test decides; far less than a lease all the same.
  short: { elsewhere: 10_000, restarted: 15_000 },
  nightly: { elsewhere: 1_000, restarted: 2_000 },
  release: { elsewhere: 1_000, restarted: 2_000 },
}
/** Load of each core above which times tell of the machine and not of the library. */
const BUSY = 0.75

interface Delays {
  elsewhere: number[]
  restarted: number[]
}

/** Kills so often of each kind; gives what is wrong beside the times. */
export async function recover(kills: number, delays: Delays, pkg?: Package): Promise<string[]> {
  const run = new CrashRun(pkg ? { pkg } : {})
  const start = async (): Promise<Child> => {
    const child = run.start('hop', { consume: true })
    if (!(await child.gives('ready'))) throw new Error(`process ${child.pid} did not start: ${child.output}`)
    return child
  }
  try {
    const living = new Map<number, Child>()
    const enter = (child: Child): void => void living.set(child.pid, child)
    let killed = 0
    const killUnder = async (asker: Child, began: () => Promise<unknown>): Promise<number> => {
      const key = `hanging-${++killed}`
      asker.tell(`hang ${key}`)
      const first = await run.seen(`${key} began`, (event) => event.what === 'began' && event.key === key)
      const victim = living.get(first.pid) as Child
      living.delete(first.pid)
      const at = Date.now()
      const died = victim.kill()
      await began()
      const again = await run.seen(
        `${key} began again`,
        (event) => event.what === 'began' && event.key === key && event.pid !== first.pid,
      )
      await died
      return again.at - at
    }
    const any = (): Child => [...living.values()][0] as Child
    for (let round = 0; round < kills; round++) {
      while (living.size < 2) enter(await start())
      delays.elsewhere.push(await killUnder(any(), async () => {}))
      delays.restarted.push(await killUnder(any(), async () => enter(await start())))
    }
    await Promise.all(
      [...living.values()].map(async (child) => {
        child.tell('stop')
        await child.ended
      }),
    )
    const verdict = await drainAndJudge(run)
    const wrong = verdict.violations.length > 0 ? [describeViolations(verdict)] : []
    if (verdict.extraRuns !== killed) wrong.push(`${verdict.extraRuns} runs again after ${killed} kills`)
    return wrong
  } finally {
    await run.end()
  }
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number

export const recoverySuite: Suite = {
  name: 'recovery',
  what: 'kills processes and measures when their jobs run again, elsewhere and after a restart',
  missing: () => null,
  async run({ size, share, progress }: SuiteContext): Promise<SuiteReport> {
    const kills = Math.ceil(KILLS[size] * share)
    const load = (loadavg()[0] as number) / availableParallelism()
    const judged = size === 'short' || load <= BUSY
    const delays: Delays = { elsewhere: [], restarted: [] }
    const violations: string[] = []
    for (let left = kills; left > 0; left -= KILLS_A_FILE) {
      violations.push(...(await recover(Math.min(left, KILLS_A_FILE), delays)))
      progress(2 * (kills - Math.max(0, left - KILLS_A_FILE)), 2 * kills)
    }
    const notes: SuiteReport['notes'] = {}
    for (const kind of ['elsewhere', 'restarted'] as const) {
      const sorted = delays[kind].sort((a, b) => a - b)
      const p99 = at(sorted, 0.99)
      notes[kind] = `p50 ${at(sorted, 0.5)} ms, p90 ${at(sorted, 0.9)} ms, p99 ${p99} ms`
      if (judged && p99 > GATES[size][kind])
        violations.push(`${kind}: p99 is ${p99} ms, ${GATES[size][kind]} are allowed`)
    }
    if (!judged) notes['times not judged'] = `each core has a load of ${load.toFixed(1)}`
    return { cases: 2 * kills, kills: 2 * kills, violations, notes }
  },
}
