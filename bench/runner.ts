import { fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Case, Sample, TrialEnv } from './case.ts'
import { compileSlowDisk } from './slow-disk-shim.ts'
import { judge, type Verdict } from './verdict.ts'

export interface RunOptions {
  readonly quick: boolean
  /** Instead of each case's own number. */
  readonly repetitions: number | null
  /** Folder on the disk to measure. */
  readonly root: string
  readonly progress: (text: string) => void
}

export interface CaseReport {
  readonly case: string
  readonly status: 'ran' | 'failed' | 'not run'
  /** Why it failed or was not run. */
  readonly reason?: string
  readonly samples: Readonly<Record<string, readonly Sample[]>>
  readonly figures: readonly Verdict[]
}

const REPETITIONS = 5
const QUICK_REPETITIONS = 2
const TIME_LIMIT = 120

/** Runs the trials of a case in turn, again and again, so that whatever else the machine does hits all of them. */
export async function runCase(benchCase: Case, options: RunOptions): Promise<CaseReport> {
  const names = Object.keys(benchCase.trials)
  const samples: Record<string, Sample[]> = Object.fromEntries(names.map((name) => [name, []]))
  const keep = (name: string, sample: Sample) => samples[name]?.push(sample)
  const report = (status: CaseReport['status'], reason?: string): CaseReport => ({
    case: benchCase.name,
    status,
    ...(reason === undefined ? {} : { reason }),
    samples,
    figures: status === 'ran' ? benchCase.figures.map((figure) => judge(figure, samples)) : [],
  })

  const missing = benchCase.missing?.() ?? null
  if (missing !== null) return report('not run', missing)
  const shared = join(options.root, benchCase.name)
  mkdirSync(shared)
  try {
    const shim = benchCase.slowDisk ? compileSlowDisk(shared) : null
    if (shim && 'missing' in shim) return report('not run', shim.missing)

    const run = async (kind: 'trial' | 'prepare', name: string): Promise<Sample> => {
      const preload = kind === 'trial' && shim && benchCase.slowDisk?.includes(name) ? shim.preload : null
      const dir = mkdtempSync(join(options.root, `${benchCase.name}-`))
      try {
        const env: TrialEnv = { dir, shared, quick: options.quick }
        return await runTrial(benchCase, kind, name, env, { preload })
      } finally {
        rmSync(dir, { recursive: true, force: true })
      }
    }

    for (const name of Object.keys(benchCase.prepare ?? {})) {
      options.progress(`${benchCase.name}: preparing ${name}`)
      await run('prepare', name)
    }
    const repetitions =
      options.repetitions ?? (options.quick ? QUICK_REPETITIONS : (benchCase.repetitions ?? REPETITIONS))
    for (let i = 0; i < repetitions; i++) {
      options.progress(`${benchCase.name}: ${i + 1} of ${repetitions}`)
      if (benchCase.parallel) {
        const found = await Promise.all(names.map((name) => run('trial', name)))
        for (const [at, name] of names.entries()) keep(name, found[at] as Sample)
      } else {
        // Every second time in the other order: nothing always runs on the cache and the disk that another left.
        for (const name of i % 2 === 0 ? names : names.toReversed()) keep(name, await run('trial', name))
      }
    }
    return report('ran')
  } catch (error) {
    return report('failed', error instanceof Error ? error.message : String(error))
  } finally {
    rmSync(shared, { recursive: true, force: true })
  }
}

/** One trial in a process of its own. */
export function runTrial(
  benchCase: Pick<Case, 'name' | 'timeLimit'>,
  kind: 'trial' | 'prepare',
  name: string,
  env: TrialEnv,
  { preload = null, execArgv = [] }: { preload?: string | null; execArgv?: readonly string[] } = {},
): Promise<Sample> {
  return new Promise((resolve, reject) => {
    const child = fork(
      fileURLToPath(new URL('./trial.js', import.meta.url)),
      [benchCase.name, kind, name, JSON.stringify(env)],
      {
        execArgv: [...execArgv],
        env: { ...process.env, ...(preload ? { LD_PRELOAD: preload } : {}) },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      },
    )
    let said = ''
    const listen = (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000)
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    let sample: Sample | null = null
    child.once('message', (message) => {
      sample = message as Sample
    })
    const limit = benchCase.timeLimit ?? TIME_LIMIT
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
    }, limit * 1000)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      if (sample && code === 0) return resolve(sample)
      const how = late ? `was not done after ${limit} s` : `ended with ${signal ?? code}`
      reject(new Error(`${kind} '${name}' ${how}${said === '' ? '' : `:\n${said.trimEnd()}`}`))
    })
  })
}
