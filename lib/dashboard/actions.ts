import type { Celeriac, JobInfo } from '../index.ts'

/** What somebody asked for by a form, not trusted yet. */
export type Form = ReadonlyMap<string, readonly string[]>

/** A change that cannot be made as asked; said to whoever asked. */
export class Unfit extends Error {}

/** Where to go after a change, relative to the dashboard's root, and what to say there. */
export interface Done {
  to: string
  message: string
}

export const field = (form: Form, name: string): string => form.get(name)?.[0] ?? ''

const REDACTED = '[redacted]'

/** Changes to single things, each recorded in the audit before it is made. */
export class Actions {
  readonly #app: Celeriac

  constructor(app: Celeriac) {
    this.#app = app
  }

  /** The running job that is about to be ended, when nobody was asked yet. */
  async asksFirst(form: Form): Promise<JobInfo | null> {
    if (field(form, 'do') !== 'revoke' || form.has('confirmed')) return null
    const info = await this.#app.result(field(form, 'id')).info()
    return info?.state === 'STARTED' ? info : null
  }

  async job(user: string, form: Form): Promise<Done> {
    const id = field(form, 'id')
    const to = `task/${encodeURIComponent(id)}`
    switch (field(form, 'do')) {
      case 'revoke': {
        const terminate = field(form, 'terminate') === 'yes'
        const reason = field(form, 'reason').trim().slice(0, 500) || `by ${user}, from the dashboard`
        const state = await this.#record(user, terminate ? 'revoke and terminate' : 'revoke', id, () =>
          this.#app.result(id).revoke({ terminate, reason }),
        )
        return { to, message: state === 'REVOKED' ? 'revoked' : state === 'STARTED' ? 'revoke-asked' : 'ended-before' }
      }
      case 'retry':
        await this.#record(user, 'retry', id, () => this.#app.result(id).retry())
        return { to, message: 'retried' }
      case 'again':
        return this.#again(user, id, field(form, 'args'))
      default:
        throw new Unfit(`"${field(form, 'do')}" is nothing that can be done to a job.`)
    }
  }

  async schedule(user: string, form: Form): Promise<Done> {
    const name = field(form, 'name')
    const { schedules } = this.#app
    switch (field(form, 'do')) {
      case 'reset':
        await this.#record(user, 'reset schedule', name, () => schedules.reset(name))
        return { to: 'schedules/', message: 'reset' }
      case 'trigger': {
        const result = await this.#record(
          user,
          'trigger schedule',
          name,
          () => schedules.trigger(name),
          ({ id }) => id,
        )
        return { to: `task/${encodeURIComponent(result.id)}`, message: 'triggered' }
      }
      case 'pause':
        await this.#record(user, 'pause schedule', name, () => schedules.pause(name))
        return { to: 'schedules/', message: 'paused' }
      case 'resume':
        await this.#record(user, 'resume schedule', name, () => schedules.resume(name))
        return { to: 'schedules/', message: 'resumed' }
      default:
        throw new Unfit(`"${field(form, 'do')}" is nothing that can be done to a schedule.`)
    }
  }

  /** Of a queue, or of a task. */
  async line(user: string, form: Form): Promise<Done> {
    const kind = form.has('task') ? 'task' : 'queue'
    const name = field(form, kind)
    const line = kind === 'task' ? { task: name } : { queue: name }
    switch (field(form, 'do')) {
      case 'pause':
        await this.#record(user, `pause ${kind}`, name, () => this.#app.control.pause(line))
        return { to: 'queues/', message: 'paused' }
      case 'resume':
        await this.#record(user, `resume ${kind}`, name, () => this.#app.control.resume(line))
        return { to: 'queues/', message: 'resumed' }
      default:
        throw new Unfit(`"${field(form, 'do')}" is nothing that can be done to a ${kind}.`)
    }
  }

  async #again(user: string, id: string, text: string): Promise<Done> {
    const info = await this.#app.result(id).info()
    if (!info) throw new Unfit(`No job ${id} is in the file any more.`)
    const args = argumentsIn(text)
    const task = this.#app.tasks.get(info.task)
    if (!task) throw new Unfit(`This process does not declare the task "${info.task}", so it cannot call it.`)
    const { queue, priority, tags, headers } = info
    const result = await this.#record(
      user,
      'run again',
      `${info.task} ${id}`,
      () => task.applyAsync(args as never, { queue, priority, tags, headers }),
      (made) => made.id,
    )
    return { to: `task/${encodeURIComponent(result.id)}`, message: 'enqueued' }
  }

  #record<T>(user: string, action: string, target: string, change: () => Promise<T>, outcome?: (result: T) => string) {
    return this.#app.audit.record({ user, action, target }, change, outcome)
  }
}

function argumentsIn(text: string): unknown[] {
  let args: unknown
  try {
    args = JSON.parse(text)
  } catch (error) {
    throw new Unfit(`The arguments are no JSON: ${(error as Error).message}`)
  }
  if (!Array.isArray(args))
    throw new Unfit('The arguments are no JSON array: write [ … ], one entry for each argument.')
  if (text.includes(REDACTED)) {
    throw new Unfit(
      `The arguments hold ${REDACTED}, which stands for a value that is not shown here: write one of your own.`,
    )
  }
  return args
}
