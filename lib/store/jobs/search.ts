import type { FilterTerms } from '../../domain/job-filter.ts'
import type { State } from '../../domain/states.ts'
import type { Connection, Statement } from '../driver.ts'
import type { Pace } from './pace.ts'
import { BLOCKED, ENDED_BADLY, stateOf, TIMED } from './state-terms.ts'

/** How exactly the newest job of a time is found, in jobs. */
const EXACT = 2_000
/** Most unfinished jobs that are gathered and sorted instead of walked to. */
const GATHERED = 5_000
/** How far the clock may have been set back between two jobs, in ms: their order is that of arrival. */
const CLOCK_STEP = 60_000

/** The terms of a filter. Those that cost more come later, and each is decided before the next is looked at. */
const MATCHES = `(@states IS NULL OR ${stateOf()} IN (SELECT value FROM json_each(@states)))
    AND (@task IS NULL OR task GLOB @task) AND (@queue IS NULL OR queue = @queue)
    AND (@since IS NULL OR enqueued_at >= @since) AND (@until IS NULL OR enqueued_at <= @until)
    AND (@schedule IS NULL OR schedule = @schedule) AND (@parent IS NULL OR parent_id = @parent)
    AND (@root IS NULL OR root_id = @root OR id = @root)
    AND (@tag IS NULL OR (options IS NOT NULL AND instr(options, @tagJson) > 0
      AND EXISTS (SELECT 1 FROM json_each(iif(json_valid(options), options, NULL), '$.tags') WHERE value = @tag)))
    AND (@error IS NULL OR (error IS NOT NULL AND error LIKE @errorJson ESCAPE '\\'
      AND EXISTS (SELECT 1 FROM json_tree(iif(json_valid(error), error, NULL)) WHERE key IN ('name', 'message', 'code') AND atom LIKE @error ESCAPE '\\')))`

type Unfinished = Exclude<State, 'SUCCESS' | 'FAILURE' | 'REVOKED' | 'EXPIRED'>
type Linked = 'parent' | 'root' | 'schedule'
type Bound = Record<string, string | number | null>

/** Sequence numbers of so many jobs at most, the newest first, below a place. */
type Source = (before: number, most: number) => number[]

interface Place {
  seq: number
  enqueuedAt: number
}

/** A way through the jobs, or those of an index, from the newest to the oldest. */
interface Walk {
  /** The next job below a place. */
  top: Statement
  /** What is meant among the jobs between two places. */
  window: Statement
}

export interface FoundPage {
  /** Sequence numbers of the jobs found, the newest first. */
  seqs: number[]
  /** Where the next page begins; null when everything was looked at. */
  next: number | null
  /** When the newest job was enqueued that was not looked at, of a search that broke off before the page was full; else null. */
  reached: number | null
}

/**
 * Finds jobs by a filter, the newest first, in pages of bounded work: what is rare is read from an index, anything else
 * by a walk over the newest jobs that breaks off when its time is up and says where to go on.
 */
export class JobSearch {
  readonly #walks: Record<'all' | 'error' | 'options', Walk>
  readonly #among: Statement
  readonly #unfinished: Record<Unfinished, Statement>
  readonly #ended: Statement
  readonly #linked: Record<Linked, Statement>
  readonly #seq: Statement

  constructor(db: Connection) {
    const walk = (from: string): Walk => ({
      top: db.prepare(
        `SELECT seq, enqueued_at AS enqueuedAt FROM celeriac_jobs ${from} seq < ? ORDER BY seq DESC LIMIT 1`,
      ),
      window: db
        .prepare(
          `SELECT seq FROM celeriac_jobs ${from} seq < @before AND seq >= @floor AND ${MATCHES} ORDER BY seq DESC`,
        )
        .pluck(),
    })
    this.#walks = {
      all: walk('WHERE'),
      error: walk('INDEXED BY celeriac_jobs_by_error WHERE error IS NOT NULL AND'),
      options: walk('INDEXED BY celeriac_jobs_by_options WHERE options IS NOT NULL AND'),
    }
    this.#among = db
      .prepare(`SELECT seq FROM celeriac_jobs WHERE seq IN (SELECT value FROM json_each(@seqs)) AND ${MATCHES}
        ORDER BY seq DESC`)
      .pluck()
    const listed = (state: string, index: string): Statement =>
      db.prepare(`SELECT seq FROM celeriac_jobs INDEXED BY ${index} WHERE ${state} LIMIT ? + 0`).pluck()
    const timed = listed(TIMED, 'celeriac_jobs_due')
    this.#unfinished = {
      PENDING: listed("state = 'PENDING'", 'celeriac_jobs_ready'),
      STARTED: db.prepare('SELECT seq FROM celeriac_claims LIMIT ? + 0').pluck(),
      BLOCKED: listed(BLOCKED, 'celeriac_jobs_blocked'),
      SCHEDULED: timed,
      RETRY: timed,
    }
    const linked = (where: string): Statement =>
      db.prepare(`SELECT seq FROM celeriac_jobs WHERE ${where} AND seq < ? ORDER BY seq DESC LIMIT ? + 0`).pluck()
    this.#ended = linked(`state = ? AND ${ENDED_BADLY}`)
    this.#linked = { parent: linked('parent_id = ?'), root: linked('root_id = ?'), schedule: linked('schedule = ?') }
    this.#seq = db.prepare('SELECT seq FROM celeriac_jobs WHERE id = ?').pluck()
  }

  /**
   * One page of at most `limit` jobs after the place that the last page named. It may hold fewer, or none, and still
   * name a next one: the search broke off because its time was up.
   */
  page(terms: FilterTerms, limit: number, after: number | null, pace: Pace): FoundPage {
    const bound = boundBy(terms)
    const source = this.#sourceOf(terms)
    const walk = this.#walks[terms.error !== null ? 'error' : terms.tag !== null ? 'options' : 'all']
    const seqs: number[] = []
    let before = after ?? this.#newestOf(terms)
    while (true) {
      let found: number[]
      const top = (source ? this.#walks.all : walk).top.get(before) as Place | undefined
      if (!top || (terms.since !== null && top.enqueuedAt < terms.since - CLOCK_STEP))
        return { seqs, next: null, reached: null }
      if (source) {
        const candidates = source(before, pace.step)
        if (candidates.length === 0) return { seqs, next: null, reached: null }
        found = this.#among.all({ ...bound, seqs: JSON.stringify(candidates) }) as number[]
        before = candidates.at(-1) as number
      } else {
        const floor = top.seq - pace.step + 1
        found = walk.window.all({ ...bound, before, floor }) as number[]
        before = floor
      }
      for (const seq of found) {
        if (seqs.length === limit) return { seqs, next: seqs[limit - 1] as number, reached: null }
        seqs.push(seq)
      }
      if (!pace.goOn()) return { seqs, ...this.#brokenOff(before) }
    }
  }

  #brokenOff(before: number): Pick<FoundPage, 'next' | 'reached'> {
    const place = this.#walks.all.top.get(before) as Place | undefined
    return place ? { next: before, reached: place.enqueuedAt } : { next: null, reached: null }
  }

  /** What holds few jobs among which all that are meant are found; null when only the walk finds them. */
  #sourceOf({ states, parent, root, schedule }: FilterTerms): Source | null {
    if (parent !== null) return (before, most) => this.#linked.parent.all(parent, before, most) as number[]
    if (root !== null) return (before, most) => this.#treeOf(root, before, most)
    if (schedule !== null) return (before, most) => this.#linked.schedule.all(schedule, before, most) as number[]
    if (states === null || states.includes('SUCCESS')) return null
    const gathered: number[] = []
    const endings: State[] = []
    const asked = new Set<Statement>()
    for (const state of states) {
      const statement = this.#unfinished[state as Unfinished] as Statement | undefined
      if (!statement) endings.push(state)
      else if (!asked.has(statement)) {
        asked.add(statement)
        gathered.push(...(statement.all(GATHERED + 1) as number[]))
      }
      // Many that wait are mostly the newest: the walk comes upon them at once.
      if (gathered.length > GATHERED) return null
    }
    gathered.sort((a, b) => b - a)
    return (before, most) => {
      const streams = endings.map((state) => this.#ended.all(state, before, most) as number[])
      streams.push(gathered.filter((seq) => seq < before).slice(0, most))
      if (streams.length === 1) return streams[0] as number[]
      return streams
        .flat()
        .sort((a, b) => b - a)
        .slice(0, most)
    }
  }

  /** The jobs of a tree, its first one last: it was stored before all others. */
  #treeOf(root: string, before: number, most: number): number[] {
    const seqs = this.#linked.root.all(root, before, most) as number[]
    if (seqs.length > 0) return seqs
    const own = this.#seq.get(root) as number | undefined
    return own !== undefined && own < before ? [own] : []
  }

  /** Just above the newest job that was enqueued by `until`, found by halving: jobs lie in order of arrival. */
  #newestOf({ until }: FilterTerms): number {
    const { top } = this.#walks.all
    const newest = top.get(Number.MAX_SAFE_INTEGER) as Place | undefined
    let high = (newest?.seq ?? 0) + 1
    if (until === null) return high
    let low = 0
    while (high - low > EXACT) {
      const middle = Math.floor((low + high) / 2)
      const row = top.get(middle) as Place | undefined
      if (!row || row.enqueuedAt <= until + CLOCK_STEP) low = middle
      else high = row.seq
    }
    return high
  }
}

function boundBy(terms: FilterTerms): Bound {
  const { states, task, tag, error } = terms
  return {
    states: states && JSON.stringify(states),
    // Only `*` means something in a filter.
    task: task?.replace(/[?[]/g, '[$&]') ?? null,
    queue: terms.queue,
    tag,
    tagJson: tag && JSON.stringify(tag),
    error: error && `%${escaped(error)}%`,
    errorJson: error && `%${escaped(JSON.stringify(error).slice(1, -1))}%`,
    since: terms.since,
    until: terms.until,
    schedule: terms.schedule,
    parent: terms.parent,
    root: terms.root,
  }
}

function escaped(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}
