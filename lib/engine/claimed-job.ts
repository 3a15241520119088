import { dueAt } from '../domain/rank.ts'
import type { LaneJob } from '../pool/lane.ts'
import { concurrencyKeyOf, type ReadyRow, type RestColumns, rateKeyOf, uniqueUntilOf } from '../store/jobs/claim.ts'
import type { RunRow, TaskDeclaration } from '../wire/messages.ts'
import { optionsOf } from '../wire/stored-options.ts'

const PLAIN: Readonly<RestColumns> = [0, 0, 0, 0, 'json', 0, null, null, null, null, null, null, null]

/** Deaths under a job so far. */
export function crashesOf([, , rest]: ReadyRow): number {
  return typeof rest === 'number' ? 0 : rest[2]
}

/** The job of a row that is being claimed, as lanes carry it. */
export function claimedJob(
  row: ReadyRow,
  { queue, task: name }: { queue: string; task: string },
  claim: { owner: number; token: number },
  task: TaskDeclaration | undefined,
  expected: number,
): LaneJob {
  const [seq, rank, rest, id, args] = row
  const plain = typeof rest === 'number'
  const columns = plain ? PLAIN : rest
  const [attempt, , crashes, , codec, priority, scheduledFor, parentId, rootId, options] = columns
  const maxAttempts = plain ? rest : columns[1]
  const enqueuedAt = plain ? rank : columns[3]
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
    concurrencyKey: concurrencyKeyOf(row),
    rateKey: rateKeyOf(row),
    freesKey: uniqueUntilOf(row) === 'started',
    places: null,
    takenBack: false,
    thread: null,
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
