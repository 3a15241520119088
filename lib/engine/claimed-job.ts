import { dueAt } from '../domain/rank.ts'
import type { LaneJob, PlainPart } from '../pool/lane.ts'
import { concurrencyKeyOf, type ReadyRow, type RestColumns, rateKeyOf, uniqueUntilOf } from '../store/jobs/claim.ts'
import type { RunRow, TaskDeclaration } from '../wire/messages.ts'
import { optionsOf } from '../wire/stored-options.ts'

/** Deaths under a job so far. */
export function crashesOf([, , rest]: ReadyRow): number {
  return typeof rest === 'number' ? 0 : rest[2]
}

type PlainRow = ReadyRow & { 2: number }

interface Line {
  queue: string
  task: string
}

interface Claim {
  owner: number
  token: number
}

/** A job's first attempt, of a job that has nothing but its arguments: most are such, so nothing is kept twice for it. */
class PlainJob implements LaneJob, PlainPart {
  readonly attempt = 1
  readonly crashes = 0
  readonly seq: number
  readonly owner: number
  readonly token: number
  readonly id: string
  readonly task: string
  readonly queue: string
  readonly args: string | Uint8Array
  readonly maxAttempts: number
  readonly due: number
  readonly concurrencyKey: string | null
  readonly rateKey: string | null
  readonly freesKey: boolean
  readonly timeLimit: number | null
  readonly softTimeLimit: number | null
  places: LaneJob['places'] = null
  keyRate: LaneJob['keyRate'] = null
  takenBack = false
  position = 0
  thread: number | null = null
  expected: number
  warned = false

  constructor(row: PlainRow, line: Line, claim: Claim, task: TaskDeclaration | undefined, expected: number) {
    this.seq = row[0]
    this.owner = claim.owner
    this.token = claim.token
    this.id = row[3]
    this.task = line.task
    this.queue = line.queue
    this.args = row[4]
    this.maxAttempts = row[2]
    this.due = row[1]
    this.concurrencyKey = concurrencyKeyOf(row)
    this.rateKey = rateKeyOf(row)
    this.freesKey = uniqueUntilOf(row) === 'started'
    this.timeLimit = task?.timeLimit ?? null
    this.softTimeLimit = task?.softTimeLimit ?? null
    this.expected = expected
  }

  get plain(): PlainPart {
    return this
  }

  /** Due at once. */
  get enqueuedAt(): number {
    return this.due
  }

  get slot(): null {
    return null
  }

  get codec(): 'json' {
    return 'json'
  }

  get options(): null {
    return null
  }

  get row(): RunRow {
    const { position, token, id, task, queue, maxAttempts, due, args } = this
    return [position, token, id, task, queue, 1, maxAttempts, 0, due, null, null, null, 'json', null, args]
  }
}

/** The job of a row that is being claimed, as lanes carry it. */
export function claimedJob(
  row: ReadyRow,
  line: Line,
  claim: Claim,
  task: TaskDeclaration | undefined,
  expected: number,
): LaneJob {
  if (isPlain(row)) return new PlainJob(row, line, claim, task, expected)
  const [seq, rank, rest, id, args] = row
  const [attempt, maxAttempts, crashes, enqueuedAt, codec, priority, scheduledFor, parentId, rootId, options] =
    rest as RestColumns
  const { queue, task: name } = line
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
    keyRate: null,
    takenBack: false,
    thread: null,
    attempt: attempt + 1,
    crashes,
    position: 0,
    plain: null,
    row: run,
    slot: scheduledFor,
    codec,
    options,
    expected,
    due: dueAt(rank, priority),
    timeLimit: own.timeLimit ?? task?.timeLimit ?? null,
    softTimeLimit: own.softTimeLimit ?? task?.softTimeLimit ?? null,
    warned: false,
  }
}

function isPlain(row: ReadyRow): row is PlainRow {
  return typeof row[2] === 'number'
}
