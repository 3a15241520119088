import { dueAt } from '../domain/rank.ts'
import type { LaneJob } from '../pool/lane.ts'
import type { ReadyRow, SpecialColumns } from '../store/jobs/claim.ts'
import type { RunRow, TaskDeclaration } from '../wire/messages.ts'
import { optionsOf } from '../wire/stored-options.ts'

const PLAIN: SpecialColumns = [null, null, null, null, null, null, null]

/** The job of a row that is being claimed, as lanes carry it. */
export function claimedJob(
  row: ReadyRow,
  { queue, task: name }: { queue: string; task: string },
  claim: { owner: number; token: number },
  task: TaskDeclaration | undefined,
  expected: number,
): LaneJob {
  const [seq, rank, crashes, id, attempt, maxAttempts, enqueuedAt, codec, args, priority, special] = row
  const [scheduledFor, parentId, rootId, options, concurrencyKey, rateKey, uniqueUntil] = special ?? PLAIN
  const run: RunRow = [
    0,
    claim.token,
    id,
    name,
    queue,
    attempt + 1,
    maxAttempts,
    crashes,
    enqueuedAt,
    scheduledFor,
    parentId,
    rootId,
    codec,
    options,
    args,
  ]
  const own = optionsOf(options)
  return {
    seq,
    owner: claim.owner,
    token: claim.token,
    id,
    task: name,
    queue,
    concurrencyKey,
    rateKey,
    freesKey: uniqueUntil === 'started',
    starts: null,
    takenBack: false,
    attempt: attempt + 1,
    crashes,
    row: run,
    expected,
    due: dueAt(rank, priority),
    timeLimit: own.timeLimit ?? task?.timeLimit ?? null,
    softTimeLimit: own.softTimeLimit ?? task?.softTimeLimit ?? null,
    warned: false,
  }
}
