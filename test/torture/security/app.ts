/** An application whose file is full of hostile texts, with its dashboard in a server of its own. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Celeriac } from 'celeriac'
import { createDashboard, type Dashboard } from 'celeriac/dashboard'
import { PAYLOADS } from '../../fixtures/payloads.ts'

export const BASE = '/admin/celery'
export const TOKEN = 'a-token-for-the-torture'

const quiet = (): void => {}

export interface Target {
  app: Celeriac
  dashboard: Dashboard
  server: Server
  port: number
  /** Id of the job that failed and must stay so. */
  failed: string
  /** Ids of jobs with hostile texts in all their parts. */
  ids: string[]
  close(): Promise<void>
}

export async function openTarget(database: string): Promise<Target> {
  const app = new Celeriac({
    name: PAYLOADS[1] as string,
    database,
    concurrency: 1,
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    shutdown: { drain: 0, grace: 0 },
  })
  const echo = app.task('echo', { runIn: 'main' }, (value: unknown) => value)
  const letters = app.task('a'.repeat(60), { runIn: 'main' }, () => null)
  const fail = app.task('fail', { runIn: 'main' }, (message: string) => {
    const error = Object.assign(new Error(message, { cause: new Error(message) }), { code: message })
    error.name = message
    throw error
  })
  for (const payload of PAYLOADS.slice(0, 5)) app.schedule(payload, { every: '1h', run: echo.s(payload) })
  await app.start()
  const all = await echo.applyAsync([PAYLOADS.map((payload) => ({ [payload]: payload }))], {
    tags: [...PAYLOADS.slice(0, 50)],
    headers: Object.fromEntries(PAYLOADS.slice(0, 50).map((payload) => [payload, payload])),
    taskId: PAYLOADS[0] as string,
  })
  const failures = await fail.delayMany(PAYLOADS.slice(0, 60).map((payload) => [payload] as [string]))
  const queued = await Promise.all(
    PAYLOADS.slice(60, 80).map((queue) => echo.applyAsync([queue], { queue, countdown: '1h' })),
  )
  await letters.delay().then((handle) => handle.get())
  await Promise.all([all, ...failures].map((handle) => handle.get().catch(quiet)))
  await app.audit.record(
    { user: PAYLOADS[3] as string, action: PAYLOADS[4] as string, target: PAYLOADS[5] as string },
    async () => PAYLOADS[6],
    String,
  )

  const dashboard = createDashboard(app, { basePath: BASE, token: TOKEN })
  const server = createServer((incoming, outgoing) => void dashboard.node(incoming, outgoing))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    app,
    dashboard,
    server,
    port: (server.address() as AddressInfo).port,
    failed: (failures[0] as { id: string }).id,
    ids: [all, failures[1], failures[30], queued[0], queued[19]].map((handle) => (handle as { id: string }).id),
    async close() {
      dashboard.close()
      server.closeAllConnections()
      server.close()
      await app.stop()
    },
  }
}
