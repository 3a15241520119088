import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Celeriac } from '../index.ts'
import { prometheusText } from './text.ts'

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Serves an app's metrics to Prometheus, wherever it is mounted. */
export interface MetricsHandler {
  /** The text of one scrape. */
  text(): Promise<string>
  /** For frameworks that speak fetch, such as Hono. */
  fetch(request: Request): Promise<Response>
  /** For node:http, Express and their like. */
  node(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>
}

/**
 * Numbers of the file, over all processes, and of this process, in the text format of Prometheus. They name tasks and
 * queues and nothing of arguments or results; whether strangers may read them is for whoever mounts this.
 */
export function createMetrics(app: Celeriac): MetricsHandler {
  const text = async (): Promise<string> => prometheusText(await app.metrics())
  const answer = async (method: string): Promise<{ status: number; headers: Record<string, string>; body: string }> => {
    if (method !== 'GET' && method !== 'HEAD')
      return { status: 405, headers: { allow: 'GET, HEAD' }, body: 'only GET and HEAD\n' }
    try {
      const body = await text()
      return { status: 200, headers: { 'content-type': CONTENT_TYPE, 'cache-control': 'no-store' }, body }
    } catch (error) {
      return { status: 503, headers: {}, body: `${error instanceof Error ? error.message : String(error)}\n` }
    }
  }
  return {
    text,
    fetch: async ({ method }) => {
      const { status, headers, body } = await answer(method)
      return new Response(method === 'HEAD' ? null : body, { status, headers })
    },
    node: async ({ method }, outgoing) => {
      const { status, headers, body } = await answer(method ?? 'GET')
      outgoing.writeHead(status, headers).end(method === 'HEAD' ? undefined : body)
    },
  }
}
