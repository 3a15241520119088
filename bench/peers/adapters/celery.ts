import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Installed } from '../install.ts'
import type { Peer } from '../peer.ts'
import { CELERY_PROGRAM } from './celery-program.ts'

const PYTHONS = ['python3', '/usr/bin/python3']
const VERSIONS = 'import celery, platform, redis; print(celery.__version__, platform.python_version())'

/** The first Python that has Celery and a Redis driver. */
function python(): { readonly path: string; readonly versions: readonly string[] } | null {
  for (const path of PYTHONS) {
    try {
      const [celeryVersion, version] = execFileSync(path, ['-c', VERSIONS], { encoding: 'utf8', stdio: 'pipe' })
        .trim()
        .split(' ')
      return { path, versions: [`Celery ${celeryVersion}`, `Python ${version}`] }
    } catch {
      // The next one may have it.
    }
  }
  return null
}

export const celery: Peer = {
  name: 'celery',
  packages: [],
  service: 'redis',
  settings:
    'prefork pool, acks_late and reject_on_worker_lost, prefetch 64 a process; asked over a pipe (some 0.1 ms a call)',
  durability: 'synced to disk (Redis appendonly yes, appendfsync always)',
  runsIn: 'processes of their own',
  roundTripBy: 'result.get()',
  system: (): Installed => {
    const found = python()
    return found ? { versions: found.versions } : { missing: 'no python3 that has the modules celery and redis' }
  },
  async open({ dir, url, namespace, threads }) {
    const path = python()?.path
    if (!path) throw new Error('Python with Celery has gone')
    writeFileSync(join(dir, 'celery_program.py'), CELERY_PROGRAM)
    // Of the session's group, so that a kill of the group takes them.
    const options = {
      cwd: dir,
      env: {
        ...process.env,
        BENCH_PEERS_URL: url as string,
        BENCH_PEERS_NAMESPACE: namespace,
        // Refuses to run as root otherwise, for pickles; these are JSON.
        C_FORCE_ROOT: '1',
      },
    }
    const program = spawn(path, ['celery_program.py'], { ...options, stdio: ['pipe', 'pipe', 'inherit'] })
    const waiting: ((answer: { failed?: string; ended?: number }) => void)[] = []
    const settle = (line: string): void => waiting.shift()?.(JSON.parse(line) as { failed?: string; ended?: number })
    createInterface({ input: program.stdout }).on('line', settle)
    program.once('exit', (code) => {
      for (const each of waiting.splice(0)) each({ failed: `the enqueueing program ended with ${code}` })
    })
    const ask = async (question: object): Promise<number> => {
      const answer = await new Promise<{ failed?: string; ended?: number }>((resolve) => {
        waiting.push(resolve)
        program.stdin.write(`${JSON.stringify(question)}\n`)
      })
      if (answer.failed !== undefined) throw new Error(answer.failed)
      return answer.ended ?? 0
    }
    return {
      enqueue: (call) => ask({ op: 'enqueue', ...call }),
      enqueueMany: null,
      work: async () => {
        const worker = ['-m', 'celery', '-A', 'celery_program', 'worker', '--pool', 'prefork']
        const quietly = ['--loglevel', 'ERROR', '--without-gossip', '--without-mingle', '--without-heartbeat']
        spawn(path, [...worker, '--concurrency', String(threads), ...quietly], {
          ...options,
          stdio: ['ignore', 'ignore', 'inherit'],
        })
      },
      drained: (n) => ask({ op: 'drained', n }),
      ended: () => ask({ op: 'ended' }),
      roundTrip: () => ask({ op: 'round-trip' }),
    }
  },
}
