/** One handler in each server that people use, under a sub-path, with and without the slash at its end. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { serve } from '@hono/node-server'
import { createDashboard, type DashboardOptions } from 'celeriac/dashboard'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { BASE, listen, openAdminApp, type Served, TOKEN } from '../fixtures/admin.ts'
import { until } from '../fixtures/until.ts'

const { app, fail } = openAdminApp()
before(() => app.start())
after(() => app.stop())

const options: DashboardOptions = { token: TOKEN }

/** Each way to mount it, with no more than its documentation would show. */
const MOUNTS: Record<string, () => Promise<Served>> = {
  'node:http': () => {
    const dashboard = createDashboard(app, { ...options, basePath: BASE })
    return listen(
      createServer((request, response) => {
        if (request.url?.startsWith(BASE)) void dashboard.node(request, response)
        else response.writeHead(404).end()
      }),
    )
  },
  'Express, which takes the prefix off': () => {
    const server = express()
    server.use(BASE, createDashboard(app, options).node)
    return listen(createServer(server))
  },
  'Express behind its body parser': () => {
    const server = express()
    server.use(express.urlencoded({ extended: true }))
    server.use(BASE, createDashboard(app, { ...options, basePath: BASE }).node)
    return listen(createServer(server))
  },
  Fastify: async () => {
    const dashboard = createDashboard(app, { ...options, basePath: BASE })
    const server = fastify()
    await server.register((scope, _options, ready) => {
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', (_request, _body, done) => done(null))
      const handler = (request: import('fastify').FastifyRequest, reply: import('fastify').FastifyReply): void => {
        reply.hijack()
        void dashboard.node(request.raw, reply.raw)
      }
      scope.all(BASE, handler)
      scope.all(`${BASE}/*`, handler)
      ready()
    })
    await server.listen({ port: 0, host: '127.0.0.1' })
    return served(server.server, () => server.close())
  },
  'Hono by its route': () => {
    const dashboard = createDashboard(app, { ...options, basePath: BASE })
    const server = new Hono()
    server.all(`${BASE}/*`, (c) => dashboard.fetch(c.req.raw, c.env as never))
    return honoServer(server)
  },
  'Hono by mount(), which takes the prefix off': () => {
    const dashboard = createDashboard(app, options)
    const server = new Hono()
    server.mount(BASE, (request, env) => dashboard.fetch(request, env as never))
    return honoServer(server)
  },
}

async function honoServer(app: Hono): Promise<Served> {
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
  if (!server.listening) await once(server, 'listening')
  return served(server, async () => {
    server.closeAllConnections()
    server.close()
  })
}

function served(server: Server, close: () => Promise<unknown>): Served {
  const { port } = server.address() as { port: number }
  return { server, url: `http://127.0.0.1:${port}${BASE}/`, close: () => close().then(() => {}) }
}

for (const [name, mount] of Object.entries(MOUNTS)) {
  describe(name, () => {
    let at: Served
    before(async () => {
      at = await mount()
    })
    after(() => at.close())

    const headers = { authorization: `Bearer ${TOKEN}` }
    const get = (path: string) => fetch(new URL(path, at.url), { headers })

    /** Addresses of a page, as a browser would make them out. */
    const addresses = (page: string, of: string): string[] =>
      [...page.matchAll(/(?:href|src|action)="([^"]+)"/g)].map(([, address]) => new URL(address as string, of).href)

    test('answers every page, with and without the slash', async () => {
      for (const section of ['task', 'queues', 'schedules', 'workers', 'events', 'audit']) {
        for (const path of [section, `${section}/`]) {
          const answer = await get(path)
          assert.equal(answer.status, 200, path)
          const wrong = addresses(await answer.text(), answer.url).filter(
            (one) => !one.startsWith(at.url) && !one.includes('#main'),
          )
          assert.deepEqual(wrong, [], path)
        }
      }
      assert.equal((await get('nowhere')).status, 404)
    })

    // Hono's mount() tells nobody whether the slash was there.
    if (!name.includes('mount()')) {
      test('answers its own path without the slash', async () => {
        const answer = await fetch(at.url.slice(0, -1), { headers })
        assert.equal(answer.status, 200)
        const all = addresses(await answer.text(), answer.url)
        assert.deepEqual(
          all.filter((one) => !one.startsWith(at.url) && !one.includes('#main')),
          [],
        )
      })
    }

    test('serves what its pages ask for', async () => {
      const page = await get('task/')
      const found = addresses(await page.text(), page.url).filter((one) => one.includes('/static/'))
      assert.equal(found.length, 4)
      for (const address of found) {
        const asset = await fetch(address, { headers })
        assert.equal(asset.status, 200, address)
        assert.match(asset.headers.get('content-type') as string, /css|javascript|svg/)
        assert.ok((await asset.text()).length > 100)
      }
    })

    test('takes a form', async () => {
      const job = await fail.delay('no paper')
      await until(() => job.ready(), 'the failure')
      const answer = await fetch(new URL('act/job', at.url), {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded', origin: new URL(at.url).origin },
        body: `do=retry&id=${job.id}`,
      })
      assert.equal(answer.status, 200)
      assert.equal(answer.url, `${at.url}task/${job.id}?done=retried`)
      assert.match(await answer.text(), /class="notice"/)
    })

    test('says what happens as it happens', async () => {
      const stop = new AbortController()
      const stream = await fetch(new URL('live?events', at.url), { headers, signal: stop.signal })
      assert.equal(stream.headers.get('content-type'), 'text/event-stream')
      let text = ''
      const reading = (async () => {
        for await (const chunk of stream.body as unknown as AsyncIterable<Uint8Array>) {
          text += Buffer.from(chunk).toString('utf8')
        }
      })().catch(() => {})
      await until(() => text.includes('event: open'), 'the stream')
      await until(async () => {
        await fail.delay('told live')
        return text.includes('task-failed') && text.includes('told live')
      }, 'the failure in the stream')
      stop.abort()
      await reading
    })
  })
}
