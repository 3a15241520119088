import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Bindings } from './server.ts'

/** Turns the fetch handler into one of node:http. */
export function nodeListener(
  fetch: (request: Request, env: Partial<Bindings>) => Promise<Response>,
): (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void> {
  const listener = getRequestListener(
    (request, { incoming }) => fetch(request, { incoming: incoming as IncomingMessage }),
    {
      overrideGlobalObjects: false,
    },
  )
  return async (incoming, outgoing) => {
    giveBackBody(incoming)
    await listener(incoming, outgoing)
  }
}

/** A form that a body parser of the framework has read already is written out again, for there is nothing left to read. */
function giveBackBody(incoming: IncomingMessage & { body?: unknown; rawBody?: unknown }): void {
  const { body, rawBody } = incoming
  if (rawBody !== undefined || typeof body !== 'object' || body === null || !incoming.readableDidRead) return
  const form = new URLSearchParams()
  for (const [key, value] of Object.entries(body)) for (const one of [value].flat()) form.append(key, String(one))
  incoming.rawBody = Buffer.from(form.toString())
}
