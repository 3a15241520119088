import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Case, TrialEnv } from '../case.ts'
import { runTrial } from '../runner.ts'
import { type CpuProfile, framesOf, threadOf } from './profile.ts'
import { flameGraph } from './svg.ts'

/** Microseconds between samples. */
const INTERVAL = 250

/**
 * Runs a case's own side once under V8's profiler and writes a flame graph for each of its threads.
 * @returns what was written of, a line for each thread
 */
export async function flame(benchCase: Case, path: string, { root, quick }: { root: string; quick: boolean }) {
  const name = 'ours' in benchCase.trials ? 'ours' : (Object.keys(benchCase.trials)[0] as string)
  const [dir, shared, profiles] = ['flame-', 'shared-', 'profiles-'].map((each) => mkdtempSync(join(root, each))) as [
    string,
    string,
    string,
  ]
  const env: TrialEnv = { dir, shared, quick }
  for (const prepared of Object.keys(benchCase.prepare ?? {})) await runTrial(benchCase, 'prepare', prepared, env)
  await runTrial(benchCase, 'trial', name, env, {
    execArgv: ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-interval=${INTERVAL}`],
  })
  const threads = readdirSync(profiles)
    .map((file) => {
      // CPU.<date>.<time>.<pid>.<thread>.<sequence>.cpuprofile
      const thread = Number(file.split('.')[4])
      const frames = framesOf(JSON.parse(readFileSync(join(profiles, file), 'utf8')) as CpuProfile)
      return { name: threadOf(frames, thread), thread, root: frames }
    })
    .sort((a, b) => a.thread - b.thread)
  if (threads.length === 0) throw new Error('the trial left no profile')
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, flameGraph(`${benchCase.name}, ${name}`, threads))
  for (const folder of [dir, shared, profiles]) rmSync(folder, { recursive: true, force: true })
  return threads.map(({ name: thread, root: frames }) => `${thread}: ${(frames.total / 1000).toFixed(0)} ms of CPU`)
}
