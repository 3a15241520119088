import { hostname } from 'node:os'
import { InvalidPayload, NoAnswer } from '../errors.ts'
import type { ProcessRow } from '../store/processes.ts'
import type { Store } from '../store/store.ts'
import { toWireError, type WireError } from '../wire/error-codec.ts'
import type { CommandArgs, CommandTarget, Question, StoredJob, Verb, WorkerAnswer } from '../wire/messages.ts'
import type { Announcer } from './announcer.ts'
import type { Clock } from './clock.ts'
import type { Edits } from './edits.ts'
import type { Standing } from './standing.ts'

/** What came of a command. */
export interface Done {
  value: unknown
  /** To be done once the answer is on its way. */
  afterwards?: () => void
}

/** Does what is asked of this process; what it throws is the answer. */
export type Perform = (verb: Verb, args: CommandArgs) => Done

interface Performed extends Done {
  error: WireError | null
}

interface DeskParts {
  store: Store
  standing: Standing
  edits: Edits
  announcer: Announcer
  clock: Clock
}

const DAMAGED =
  'the stored command cannot be read, so nothing was done — its row was changed from outside, or the file is damaged; ask again'

/** Asks things of other processes through the file, and answers what they ask of this one. */
export class CommandDesk {
  readonly #parts: DeskParts
  readonly #perform: Perform
  /** Commands of others that are being obeyed. */
  readonly #working = new Set<number>()
  /** Commands of ours that have no answer yet. */
  readonly #asked = new Map<number, (answer: { value: unknown; error: WireError | null }) => void>()

  constructor(parts: DeskParts, perform: Perform) {
    this.#parts = parts
    this.#perform = perform
  }

  /** Another process has committed something: obeys what is asked of this one, and takes in what was answered. */
  look(): void {
    const { store, standing, clock } = this.#parts
    if (standing.owner !== null)
      for (const { id, verb, args } of store.commands.open(standing.owner, clock.now()))
        if (!this.#working.has(id)) this.#obey(id, verb, args)
    for (const [id, resolve] of this.#asked) {
      const answer = store.commands.answered(id)
      if (answer) resolve(answer)
    }
  }

  /** Asks every live process, or those named; this one answers last, as it may be told to stop. */
  async ask({ verb, args, to, timeout }: Question & { about: 'command' }): Promise<WorkerAnswer[]> {
    const { store, standing, edits } = this.#parts
    const rows = this.#rowsOf(to)
    const others = rows.filter(({ id }) => id !== standing.owner)
    const ids =
      others.length === 0
        ? []
        : await edits.make((now) => {
            store.commands.prune(now)
            return others.map(({ id }) => store.commands.add(id, verb, args, now))
          })
    const answers = await Promise.all(ids.map((id, i) => this.#answerTo(id, others[i] as ProcessRow, timeout)))
    if (ids.length > 0) void edits.make(() => store.commands.remove(ids)).catch(() => {})
    const told = others.map((row, i) => this.#told(verb, row, answers[i] as Performed))
    if (others.length === rows.length && to !== 'own') return told
    const own = this.#tried(verb, args)
    own.afterwards?.()
    const { key } = standing
    const row = rows.find(({ id }) => id === standing.owner) ?? { key, pid: process.pid, host: hostname() }
    return [...told, this.#told(verb, row, own)]
  }

  #rowsOf(to: CommandTarget): ProcessRow[] {
    const { store, standing } = this.#parts
    const rows = store.processes.all()
    if (to === 'all') return rows
    if (to === 'own') return rows.filter(({ id }) => id === standing.owner)
    return to.map((key) => {
      const row = rows.find((one) => one.key === key)
      if (row) return row
      throw new NoAnswer(`no process with the key ${key} is on this file — app.inspect.workers() lists those that are`)
    })
  }

  #obey(id: number, verb: Verb, args: CommandArgs | null): void {
    const { store, edits, announcer } = this.#parts
    this.#working.add(id)
    const { value, error, afterwards } = this.#tried(verb, args)
    edits
      .make((now) => store.commands.answer(id, value, error, now))
      .then(afterwards, (fault: unknown) => announcer.report({ about: 'answer-failed', error: toWireError(fault) }))
      .finally(() => this.#working.delete(id))
  }

  #answerTo(id: number, { pid, key }: ProcessRow, timeout: number): Promise<Performed> {
    return new Promise((resolve) => {
      const end = (answer: Performed): void => {
        clearTimeout(timer)
        this.#asked.delete(id)
        resolve(answer)
      }
      const silent = new NoAnswer(
        `process ${pid} (${key}) did not answer within ${timeout} ms — it may be busy or hung`,
      )
      const timer = setTimeout(() => end({ value: null, error: toWireError(silent) }), timeout)
      this.#asked.set(id, end)
    })
  }

  #told(
    verb: Verb,
    { key, pid, host }: Pick<ProcessRow, 'key' | 'pid' | 'host'>,
    { value, error }: Performed,
  ): WorkerAnswer {
    if (error !== null || (verb !== 'active' && verb !== 'reserved')) return { worker: key, pid, host, value, error }
    const { reads } = this.#parts.store
    const jobs = (value as string[]).flatMap((id): StoredJob | [] => reads.job(id) ?? [])
    return { worker: key, pid, host, value: jobs, error }
  }

  #tried(verb: Verb, args: CommandArgs | null): Performed {
    try {
      if (args === null) throw new InvalidPayload(DAMAGED)
      return { error: null, ...this.#perform(verb, args) }
    } catch (error) {
      return { value: null, error: toWireError(error) }
    }
  }
}
