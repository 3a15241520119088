import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { LiveFeed, Tick } from './live.ts'

/** A line that keeps proxies from closing a quiet stream, in ms. */
const HEARTBEAT = 15_000
/** Most streams open at once; further ones are told to come back. */
const MOST = 200

/** What happens, as server-sent events, until the browser leaves. A browser that reads slowly gets fewer and fuller ones. */
// biome-ignore lint/suspicious/noExplicitAny: any environment of Hono
export function liveStream(c: Context<any>, live: LiveFeed): Response {
  // Only the page of events shows the changes; the others want to know that there were some.
  const events = c.req.query('events') !== undefined
  if (live.closed || live.watchers >= MOST)
    return c.text('No further page can be kept up to date.', 503, { 'retry-after': '30' })
  // Proxies that gather answers would hold events back.
  c.header('x-accel-buffering', 'no')
  return streamSSE(c, async (stream) => {
    let waiting: Tick | null = null
    let wake: () => void = () => {}
    let open = true
    const hear = (tick: Tick | null): void => {
      if (tick) waiting = waiting ? joined(waiting, tick) : tick
      else open = false
      wake()
    }
    const unwatch = live.watch(hear, { events })
    stream.onAbort(() => {
      open = false
      unwatch()
      wake()
    })
    try {
      await stream.writeSSE({ event: 'open', data: '{}', retry: 2_000 })
      while (open && !stream.closed) {
        if (!waiting) await quiet((done) => (wake = done))
        if (!open) break
        const tick: Tick | null = waiting
        waiting = null
        if (tick) await stream.writeSSE({ event: 'tick', data: events ? JSON.stringify(tick) : '{}' })
        else await stream.write(': here\n\n')
      }
    } finally {
      unwatch()
    }
  })
}

/** Until something happens, or it is time for a sign of life. */
function quiet(listen: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, HEARTBEAT)
    timer.unref()
    listen(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

const joined = (first: Tick, second: Tick): Tick => {
  const changes = [...first.changes, ...second.changes]
  const kept = changes.slice(-200)
  return {
    changes: kept,
    skipped: first.skipped + second.skipped + changes.length - kept.length,
    running: second.running,
  }
}
