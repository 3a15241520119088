/** How soon a killed process's jobs run in one that lives. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Child, CrashRun } from './children.ts'
import { assertClean, drainAndJudge } from './verdict.ts'

const KILLS = 20
/** Longest time from the kill to the first statement of the task in another process, in ms. */
const MEDIAN_MOST = 1_000

const run = new CrashRun()
after(() => run.end())

test(`${KILLS} killed processes' jobs run again in the living`, async (t) => {
  const start = async (): Promise<Child> => {
    const child = run.start('hop', { consume: true })
    if (!(await child.gives('ready'))) throw new Error(`process ${child.pid} did not start: ${child.output}`)
    return child
  }
  const consumers = new Map<number, Child>()
  for (const child of await Promise.all([start(), start()])) consumers.set(child.pid, child)
  const asker = run.start('hop')
  await asker.gives('ready')

  const delays: number[] = []
  for (let round = 1; round <= KILLS; round++) {
    const key = `hanging-${round}`
    asker.tell(`hang ${key}`)
    const first = await run.seen(`${key} began`, (e) => e.what === 'began' && e.key === key)
    const victim = consumers.get(first.pid)!
    const killed = Date.now()
    await victim.kill()
    consumers.delete(victim.pid)
    const again = await run.seen(
      `${key} began again`,
      (e) => e.what === 'began' && e.key === key && e.pid !== first.pid,
    )
    delays.push(again.at - killed)
    const successor = await start()
    consumers.set(successor.pid, successor)
  }
  for (const child of consumers.values()) {
    child.tell('stop')
    await child.ended
  }
  delays.sort((a, b) => a - b)
  const at = (share: number): number => delays[Math.min(delays.length - 1, Math.floor(share * delays.length))]!
  t.diagnostic(`from kill to run: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, of ${delays.length}`)

  const verdict = await drainAndJudge(run)
  assertClean(verdict)
  assert.deepEqual(verdict.litter, [])
  assert.equal(verdict.faults, KILLS)
  assert.equal(verdict.extraRuns, KILLS, 'each killed job runs again once')
  assert.ok(at(0.5) <= MEDIAN_MOST, `p50 is ${at(0.5)} ms`)
})
