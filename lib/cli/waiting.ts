import { setTimeout as pause } from 'node:timers/promises'
import { toMilliseconds } from '../domain/duration.ts'
import { isFinal } from '../domain/states.ts'
import type { JobInfo } from '../job-info.ts'
import type { Reader } from '../reader.ts'
import { CommandFailed, FAILED } from './exit.ts'
import { duration } from './numbers.ts'

/** How often the file is looked at, in ms. */
const LOOK_EVERY = 50

/** The longest wait of `--timeout`, in ms. @throws InvalidOption */
export function patience(timeout: unknown): number {
  if (timeout === undefined) return Number.POSITIVE_INFINITY
  return toMilliseconds(duration(timeout), '--timeout')
}

/** Looks at a job until it has ended. */
export async function untilEnded(reader: Reader, id: string, longest: number): Promise<JobInfo> {
  const end = performance.now() + longest
  while (true) {
    const job = (await reader.job(id))?.job
    if (!job) throw unknownJob(id)
    if (isFinal(job.state)) return job
    if (performance.now() >= end)
      throw new CommandFailed(FAILED, `job ${id} did not end within ${longest} ms; it is ${job.state} and goes on`)
    await pause(Math.min(LOOK_EVERY, Math.max(0, end - performance.now())))
  }
}

export function unknownJob(id: string): CommandFailed {
  return new CommandFailed(FAILED, `no job ${id} is stored in this file — check the id and the file`)
}
