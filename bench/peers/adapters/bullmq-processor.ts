/** Runs in BullMQ's worker threads: only for the CPU-bound work, which it documents them for. */
import type { Call } from '../peer.ts'
import { run } from '../work.ts'

export default async (job: { data: Call }): Promise<unknown> => await run(job.data.task, job.data.argument)
