/** Small histories that end in a verdict. Each holds for the library, and fails for the planted bug that it was made for. */

import { writeFileSync } from 'node:fs'
import { kill } from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { calls } from './calls.ts'
import type { Verdict } from './check.ts'
import type { Child, CrashRun } from './children.ts'
import { until } from './conditions.ts'
import { lockFile } from './locked-file.ts'
import type { Random } from './random.ts'
import { supervise } from './supervise.ts'
import { drainAndJudge, judge } from './verdict.ts'

export type Scenario = (run: CrashRun, random: Random) => Promise<Verdict>

/** Nobody can commit while the job is asked for, so nothing may be acknowledged before the process is killed. */
export const killBeforeCommit: Scenario = async (run) => {
  const child = await ready(run.start('hop', { calls: calls('busy', 3, 'asked', 1), on: 'go', consume: true }))
  const unlock = lockFile(run.database)
  child.tell('go')
  await child.gives('asked')
  // The engine has taken the jobs in by the time it answers what was asked after them.
  await child.ping()
  await child.kill()
  unlock()
  return drainAndJudge(run)
}

/** Nobody can commit while the job ends, so its end may not be reported before the process is killed. */
export const killBeforeOutcome: Scenario = async (run) => {
  const gate = `${run.folder}/gate`
  const child = run.start('hop', { calls: [{ task: 'gated', args: ['gated', gate] }], consume: true })
  await run.seen('began', (event) => event.what === 'began')
  // Somebody waits for the end, and the engine knows.
  await child.gives('acknowledged')
  await child.ping()
  const unlock = lockFile(run.database)
  writeFileSync(gate, '')
  await run.seen('effect', (event) => event.what === 'effect')
  // The outcome is on its way to the engine, which tries to write it from then on, and answers late.
  for (let slow = 0, asked = 0; slow < 2 && asked < 50; asked++) {
    const before = performance.now()
    await child.ping()
    if (performance.now() - before > 300) slow++
    else await pause(10)
  }
  await child.kill()
  unlock()
  return drainAndJudge(run)
}

/** Killed while some jobs run and others wait in line. */
export const killWhileRunning: Scenario = async (run) => {
  const waiting = calls('busy', 20, 'waiting', 1)
  const hanging = calls('hanging', run.threads, 'hanging')
  const child = run.start('hop', { calls: [...hanging, ...waiting], consume: true })
  await child.gives('acknowledged')
  await until('all threads hang', () => began(run, 'hanging') === run.threads)
  await child.kill()
  return drainAndJudge(run, { patience: 8_000 })
}

/** Two processes share the work of a third; nothing dies. */
export const shareTheWork: Scenario = async (run) => {
  const count = 300
  const consumers = [run.start('hop', { consume: true }), run.start('hop', { consume: true })]
  await Promise.all(consumers.map(ready))
  await run.start('hop', { calls: calls('waiting', count, 'shared', 1), way: 'many' }).gives('acknowledged')
  await until('every job ran', () => ended(run) >= count)
  await Promise.all(consumers.map(stop))
  return drainAndJudge(run)
}

/** Killed again and again in the middle of a flood of very short jobs, when most of the time is spent in commits. */
export const killInFlood: Scenario = async (run, random) => {
  for (let round = 0; round < 3; round++) {
    const name = `flood${round}`
    const child = run.start('hop', { calls: calls('instant', 1_500, name), way: 'many', consume: true })
    await until('the flood runs', () => began(run, name) > 100)
    await pause(random() * 20)
    await child.kill()
  }
  // A line of very short jobs is answered in batches: all that ran since the last commit runs again.
  return drainAndJudge(run, { lossPerFault: 512 })
}

/** A job asked for in a transaction that is taken back, and one whose process dies before the commit. */
export const takeBack: Scenario = async (run) => {
  const back = run.start('hop', { calls: calls('busy', 2, 'back', 1), way: 'rollback', consume: true })
  await back.gives('acknowledged')
  await run.start('hop', { calls: calls('busy', 2, 'lost', 1), way: 'commit', die: 'before-commit' }).ended
  await run.start('hop', { calls: calls('busy', 2, 'kept', 1), way: 'commit', die: 'after-commit' }).ended
  await back.kill()
  return drainAndJudge(run)
}

/**
 * A process is suspended for longer than the lease, its job is taken over and ends elsewhere, and then it wakes up and
 * finishes the job too. Needs a copy of the library whose lease is short.
 */
export const wakeUpLate: Scenario = async (run) => {
  const gate = `${run.folder}/gate`
  const sleeper = run.start('hop', { calls: [{ task: 'gated', args: ['gated', gate] }], consume: true })
  const first = await run.seen('began', (event) => event.what === 'began')
  run.log.write({ what: 'stop', victim: sleeper.pid })
  kill(sleeper.pid, 'SIGSTOP')
  const other = await ready(run.start('hop', { consume: true }))
  await until('the job was taken over', () => began(run, 'gated') === 2)
  writeFileSync(gate, '')
  await until('the job ended elsewhere', () => ended(run) === 1)
  await other.ping()
  kill(sleeper.pid, 'SIGCONT')
  // On a busy machine its engine may be the first to wake, and end the thread before it can finish: then there is no late end.
  const late = (): boolean => run.events().some((event) => event.what === 'effect' && event.pid === first.pid)
  await until('late end', late, 5_000).catch(() => {})
  // The second answer comes after the turn in which the late outcome was to be written.
  await sleeper.ping()
  await sleeper.ping()
  await Promise.all([stop(sleeper), stop(other)])
  return drainAndJudge(run)
}

/** A job kills each process that runs it; a supervisor starts the next one, but not for ever. */
export const restartUnderPoison: Scenario = async (run) => {
  await supervise(
    run,
    { calls: [...calls('deadly', 1, 'poison', 'SIGKILL'), ...calls('waiting', 4, 'beside', 5)], consume: true },
    5,
  )
  return judge(run)
}

/** Time between two slots, in ms: less than it takes to fire one, so that most kills hit a firing. */
const APART = 1
/** Time until the first slot, in ms: enough to store them all. */
const AHEAD = 250

/** Processes are killed while many slots in a row fire. */
export const killWhileFiring: Scenario = async (run, random) => killFirers(run, random, { rounds: 2, processes: 1 })

export async function killFirers(
  run: CrashRun,
  random: Random,
  { rounds, processes, slots = 200 }: { rounds: number; processes: number; slots?: number },
): Promise<Verdict & { times: number[] }> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const children = Array.from({ length: processes }, () => run.start('scheduled'))
    for (const child of children) await gives(child, 'working')
    const from = Date.now() + AHEAD
    const later = Array.from({ length: slots }, (_, i) => from + i * APART)
    times.push(...later)
    children[0]!.tell(JSON.stringify(later))
    await gives(children[0]!, 'set')
    for (const child of children) {
      await pause(Math.max(0, from - Date.now()) + (random() * slots * APART) / processes)
      await child.kill()
    }
  }
  await run.finish('scheduled', { last: true })
  // Slots that are owed fire all at once, and their very short jobs are answered in batches.
  return { ...judge(run, { lossPerFault: 256 }), times }
}

async function ready(child: Child): Promise<Child> {
  await gives(child, 'ready')
  return child
}

async function gives(child: Child, sign: string): Promise<void> {
  if (!(await child.gives(sign))) throw new Error(`process ${child.pid} ended before "${sign}": ${child.output}`)
}

async function stop(child: Child): Promise<void> {
  child.tell('stop')
  const { code } = await child.ended
  if (code !== 0) throw new Error(`process ${child.pid} did not stop in good order: ${child.output}`)
}

function began(run: CrashRun, name: string): number {
  return run.events().filter((event) => event.what === 'began' && event.key.startsWith(name)).length
}

function ended(run: CrashRun): number {
  return run.events().filter((event) => event.what === 'effect').length
}
