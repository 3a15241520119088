import { createDashboard } from 'celeriac/dashboard'
import type { Opened } from './app.ts'

export const BASE = '/admin/celery'

/** Pages of the dashboard, in a file that `makeHistory` made. Nothing in it holds the texts that are searched for in vain. */
export const PAGES = {
  overview: '',
  tasks: 'task/',
  failed: 'task/?q=state%3Afailure',
  byTask: 'task/?q=task%3Atask_7',
  byTag: 'task/?q=tag%3Acustomer-7',
  absentTask: 'task/?q=task%3Anobody',
  absentTag: 'task/?q=tag%3Anobody',
  absentError: 'task/?q=error%3A%22no%20such%20text%22',
  failedAbsent: 'task/?q=state%3Afailure%20error%3A%22no%20such%20text%22',
  longAgo: 'task/?q=until%3A40h',
  task: 'task/:failed',
  queues: 'queues/',
  schedules: 'schedules/',
  workers: 'workers/',
  events: 'events/',
  audit: 'audit/',
} as const

export type PageName = keyof typeof PAGES

/** A dashboard that lets everybody in. */
export const openDashboard = ({ app }: Opened): ReturnType<typeof createDashboard> =>
  createDashboard(app, { basePath: BASE, auth: () => 'admin' })

/** Opens a dashboard on the app, and answers with what asks it for a page: the status and the length of what came. */
export async function openPages(opened: Opened): Promise<(name: PageName) => Promise<void>> {
  const dashboard = openDashboard(opened)
  const [failed] = (await opened.app.reader.jobs({ state: 'FAILURE' }, { limit: 1 })).jobs
  return async (name) => {
    const path = PAGES[name].replace(':failed', failed?.id ?? '')
    const answer = await dashboard.fetch(new Request(`http://127.0.0.1${BASE}/${path}`))
    const text = await answer.text()
    if (answer.status !== 200 || !text.includes('</html>'))
      throw new Error(`${path} answered ${answer.status}: ${text}`)
  }
}
