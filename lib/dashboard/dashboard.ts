import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Celeriac } from '../index.ts'
import { AppData } from './app-data.ts'
import { LiveFeed } from './live.ts'
import { nodeListener } from './node-listener.ts'
import { type DashboardOptions, dashboardSettings } from './options.ts'
import { type Bindings, dashboardServer } from './server.ts'

export interface Dashboard {
  /**
   * Answers a request, in any framework that knows fetch.
   * @param env the bindings that a server of Hono on Node hands on; a `token` needs them to know who is there
   */
  fetch: (request: Request, env?: Partial<Bindings>) => Promise<Response>
  /** Answers a request of node:http, Express and Fastify (`request.raw`, `reply.raw`). */
  node: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>
  /** Ends the streams that keep open pages up to date: a server waits for them when it closes. */
  close: () => void
}

/**
 * A web dashboard of the app's file, to be mounted in a server of yours. It is closed until `auth` or `token` is given.
 * @throws InvalidOption
 */
export function createDashboard(app: Celeriac, options: DashboardOptions = {}): Dashboard {
  const settings = dashboardSettings(options)
  const now = (): number => Date.now()
  const data = new AppData(app, settings.redact, now)
  const live = new LiveFeed(data)
  const fetch = dashboardServer({ app, data, live, settings, now })
  return { fetch, node: nodeListener(fetch), close: () => live.close() }
}
