import { type Celeriac, formatJobFilter, type JobFilter, parseJobFilter, type State } from '../index.ts'
import { type Done, type Form, field, Unfit } from './actions.ts'
import type { PageParts, View } from './page.ts'
import { batchPage } from './pages/batch.ts'

type Verb = 'retry' | 'revoke'

/** States that each verb applies to, and those that it means where the filter names none. */
const POSSIBLE: Readonly<Record<Verb, readonly State[]>> = {
  retry: ['FAILURE', 'REVOKED', 'EXPIRED'],
  revoke: ['SCHEDULED', 'PENDING', 'BLOCKED', 'RETRY', 'STARTED'],
}
const USUAL: Readonly<Record<Verb, readonly State[]>> = { retry: ['FAILURE'], revoke: POSSIBLE.revoke }

/** Most jobs that can be chosen by hand. */
const CHOSEN = 1_000

/** Changes to several jobs: those chosen by hand, or all that a filter means once their number was confirmed. */
export class BatchActions {
  readonly #app: Celeriac

  constructor(app: Celeriac) {
    this.#app = app
  }

  async run(user: string, form: Form): Promise<Done | ((view: View) => PageParts)> {
    const [verb, which] = field(form, 'do').split('-')
    if (verb !== 'retry' && verb !== 'revoke') throw new Unfit(`"${verb}" is nothing that can be done to jobs.`)
    if (which === 'chosen') return this.#chosen(user, verb, form)
    return this.#all(user, verb, field(form, 'q').trim(), field(form, 'count').replaceAll(',', ''))
  }

  async #chosen(user: string, verb: Verb, form: Form): Promise<Done> {
    const ids = (form.get('id') ?? []).slice(0, CHOSEN)
    if (ids.length === 0) throw new Unfit('No job is chosen: tick some on the left of the list first.')
    const jobs = await this.#make(user, verb, ids, `${ids.length} chosen: ${ids.join(' ')}`)
    return this.#done(verb, field(form, 'q').trim(), jobs)
  }

  async #all(user: string, verb: Verb, text: string, confirmed: string): Promise<Done | ((view: View) => PageParts)> {
    const filter = filterFor(verb, text)
    const jobs = filter ? await this.#app.inspect.count(filter) : 0
    if (!filter || jobs === 0 || confirmed !== String(jobs)) {
      return (view) => batchPage(view, { verb, filter: text, jobs, changed: confirmed !== '' })
    }
    const made = await this.#make(user, verb, filter, `${jobs}: ${formatJobFilter(filter)}`)
    return this.#done(verb, text, made)
  }

  #make(user: string, verb: Verb, jobs: string[] | JobFilter, target: string): Promise<number> {
    const { audit, control } = this.#app
    const reason = `by ${user}, from the dashboard`
    return audit.record(
      { user, action: `${verb} jobs`, target },
      () => (verb === 'retry' ? control.retry(jobs) : control.revoke(jobs, { reason })),
      (made) => `${made} jobs`,
    )
  }

  #done(verb: Verb, q: string, jobs: number): Done {
    const params = new URLSearchParams({ ...(q && { q }), jobs: String(jobs) })
    return { to: `task/?${params}`, message: verb === 'retry' ? 'retried' : 'revoked' }
  }
}

/** The filter with the states that the verb applies to; null when it leaves none. */
function filterFor(verb: Verb, text: string): JobFilter | null {
  const filter = parseJobFilter(text)
  const named = filter.state === undefined ? USUAL[verb] : [filter.state].flat()
  const state = named.filter((one) => POSSIBLE[verb].includes(one))
  return state.length === 0 ? null : { ...filter, state }
}
