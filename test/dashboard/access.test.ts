/** The dashboard's door: each reason for which a request is turned away, and what is sent with every answer. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { createDashboard, type DashboardOptions } from 'celeriac/dashboard'
import { BASE, openAdminApp, type Served, serveDashboard, TOKEN } from '../fixtures/admin.ts'
import { until } from '../fixtures/until.ts'

const opened = openAdminApp({ redact: ['*.password'] })
const { app, add, fail } = opened
let served: Served
let jobId: string

before(async () => {
  await app.start()
  served = await serveDashboard(app)
  const failed = await fail.delay('no paper')
  jobId = failed.id
  await until(() => failed.ready(), 'the failure')
})
after(async () => {
  await served.close()
  await app.stop()
})

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** A request as it is written here: fetch() would not let a test lie in its headers. */
function ask(
  url: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false, setHost: !('host' in headers) }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
        // What was announced and never sent is not waited for.
        if (response.statusCode === 413) asked.destroy()
      })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

const withToken = { authorization: `Bearer ${TOKEN}` }
const form = { ...withToken, 'content-type': 'application/x-www-form-urlencoded' }
const retry = (): string => `do=retry&id=${jobId}`
const stateOf = (id: string) => app.result(id).state()

/** A dashboard on its own, asked through its fetch handler. */
const fetching = (options: DashboardOptions) => {
  const dashboard = createDashboard(app, options)
  return (path: string, init: RequestInit = {}, address: string | null = '127.0.0.1') => {
    const env = address === null ? {} : { incoming: { socket: { remoteAddress: address } } as never }
    return dashboard.fetch(new Request(`http://localhost${path}`, init), env)
  }
}

describe('who comes in', () => {
  test('nobody, unless somebody is let in', async () => {
    const closed = fetching({})
    const answer = await closed('/')
    assert.equal(answer.status, 403)
    assert.match(
      await answer.text(),
      /closed.*Give createDashboard\(\) an &quot;auth&quot; function, or a &quot;token&quot;/s,
    )
    for (const path of ['/task/', '/static/x/style.css', '/live', '/nowhere'])
      assert.equal((await closed(path)).status, 403)
  })

  test('not without the token, nor with another', async () => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { cookie: `celeriac-token=${TOKEN}x` }]) {
      assert.equal((await ask(served.url, { headers })).status, 401)
      assert.equal((await ask(`${served.url}live`, { headers })).status, 401)
      assert.equal((await ask(`${served.url}task/${jobId}`, { headers })).status, 401)
    }
  })

  test('with the token in the address, which moves to a cookie', async () => {
    const answer = await ask(`${served.url}task/?q=state%3Afailure&token=${TOKEN}`)
    assert.equal(answer.status, 303)
    const location = new URL(String(answer.headers.location), `${served.url}task/`)
    assert.equal(location.href, `${served.url}task/?q=state%3Afailure`)
    const [cookie] = answer.headers['set-cookie'] as string[]
    assert.match(cookie as string, /; HttpOnly; SameSite=Strict; Path=\/admin\/celery$/)
    const entered = await ask(location.href, { headers: { cookie: String(cookie).split(';')[0] as string } })
    assert.equal(entered.status, 200)
    assert.doesNotMatch(entered.body, new RegExp(TOKEN))
  })

  test('with a token only from this machine', async () => {
    const open = fetching({ token: TOKEN })
    const headers = withToken
    assert.equal((await open('/', { headers })).status, 200)
    assert.equal((await open('/', { headers }, '::1')).status, 200)
    assert.equal((await open('/', { headers }, '::ffff:127.0.0.1')).status, 200)
    assert.equal((await open('/', { headers }, '10.1.2.3')).status, 403)
    assert.equal((await open('/', { headers }, null)).status, 403)
    assert.equal((await open('/', { headers: { ...headers, 'x-forwarded-for': '10.1.2.3' } })).status, 403)
  })

  test('not under a name that is not its own', async () => {
    const host = async (name: string) => (await ask(served.url, { headers: { ...withToken, host: name } })).status
    assert.equal(await host('evil.example'), 421)
    assert.equal(await host('127.0.0.1.evil.example:80'), 421)
    assert.equal(await host('localhost:1234'), 200)
    const named = fetching({ auth: () => true, hosts: ['shop.example'] })
    assert.equal((await named('/', { headers: { host: 'SHOP.example:8443' } })).status, 200)
    assert.equal((await named('/', { headers: { host: 'localhost' } })).status, 421)
    assert.equal((await fetching({ auth: () => true })('/', { headers: { host: 'a/b' } })).status, 400)
  })

  test('whom "auth" names', async () => {
    const status = async (answer: unknown) => (await fetching({ auth: () => answer as never })('/')).status
    for (const answer of [true, 'admin', 'viewer', {}, { role: 'viewer', user: 'Ada' }])
      assert.equal(await status(answer), 200)
    for (const answer of [false, null, undefined, 0, 'Admin', { role: 'owner' }])
      assert.equal(await status(answer), 401)
    assert.equal(await status(new Response('sign in', { status: 302, headers: { location: '/login' } })), 302)
    const failing = fetching({
      auth: () => {
        throw new Error('the directory is away')
      },
    })
    const error = console.error
    const logged: unknown[] = []
    console.error = (text) => logged.push(text)
    const answer = await failing('/')
    console.error = error
    assert.equal(answer.status, 500)
    assert.doesNotMatch(await answer.text(), /directory/)
    assert.match(String(logged), /the directory is away/)
  })
})

describe('who changes something', () => {
  const act = (headers: Record<string, string>, body = retry()) =>
    ask(`${served.url}act/job`, { method: 'POST', headers: { ...form, ...headers }, body })
  const refused = async (answer: Answer, status: number) => {
    assert.equal(answer.status, status)
    assert.equal(await stateOf(jobId), 'FAILURE')
  }

  test('nobody without proof of where the request comes from', async () => {
    const { host } = new URL(served.url)
    await refused(await act({}), 403)
    await refused(await act({ 'sec-fetch-site': 'cross-site' }), 403)
    await refused(await act({ 'sec-fetch-site': 'same-site', origin: `http://${host}` }), 403)
    await refused(await act({ 'sec-fetch-site': 'none' }), 403)
    await refused(await act({ origin: 'http://evil.example' }), 403)
    await refused(await act({ origin: 'null' }), 403)
    await refused(await act({ origin: `http://${host}.evil.example` }), 403)
    await refused(await act({ origin: 'no origin at all' }), 403)
  })

  test('no other method, and no other content', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      await refused(await ask(`${served.url}act/job`, { method, headers: form }), 405)
    }
    await refused(await ask(`${served.url}act/job?${retry()}`, { headers: withToken }), 404)
    for (const type of ['text/plain', `${form['content-type']}x`])
      await refused(await act({ 'sec-fetch-site': 'same-origin', 'content-type': type }), 422)
    await refused(await act({ 'sec-fetch-site': 'same-origin' }, `do=explode&id=${jobId}`), 422)
    await refused(await act({ 'sec-fetch-site': 'same-origin', 'content-length': '5000000' }), 413)
  })

  test('no viewer, and nobody where it is read-only', async () => {
    const init = {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin', 'content-type': form['content-type'] },
      body: retry(),
    }
    const viewer = fetching({ auth: () => 'viewer' })
    assert.equal((await viewer('/act/job', init)).status, 403)
    const readOnly = fetching({ auth: () => true, readOnly: true })
    for (const path of ['/act/job', '/act/jobs', '/act/queue', '/act/schedule', '/anything']) {
      const answer = await readOnly(path, init)
      assert.equal(answer.status, 405)
      assert.equal(answer.headers.get('allow'), 'GET, HEAD')
    }
    for (const dashboard of [viewer, readOnly]) {
      for (const path of ['/task/', `/task/${jobId}`, '/schedules/', '/queues/']) {
        assert.doesNotMatch(await (await dashboard(path)).text(), /method="post"/, path)
      }
    }
    assert.equal(await stateOf(jobId), 'FAILURE')
    assert.deepEqual(
      (await app.audit.list()).filter(({ action }) => action === 'retry'),
      [],
    )
  })

  test('whoever comes from a page of the dashboard, and it is recorded', async () => {
    const { host } = new URL(served.url)
    const answer = await act({ origin: `http://${host}` })
    assert.equal(answer.status, 303)
    assert.equal(
      new URL(String(answer.headers.location), `${served.url}act/job`).href,
      `${served.url}task/${jobId}?done=retried`,
    )
    await until(async () => (await app.result(jobId).info())?.attempt === 2, 'the second attempt')
    const [entry] = await app.audit.list()
    const { at, ...what } = entry!
    assert.ok(at instanceof Date)
    assert.deepEqual(what, { user: 'admin', action: 'retry', target: jobId, outcome: 'done' })
  })

  test('a form of a million fields is read in time, and an id that none can be leads nowhere', async () => {
    const answer = await act({ 'sec-fetch-site': 'same-origin' }, `${'id=x&'.repeat(800_000)}do=explode`)
    assert.equal(answer.status, 422)
    for (const path of ['', '/args.json'])
      assert.equal((await ask(`${served.url}task/${'x'.repeat(5_000)}${path}`, { headers: withToken })).status, 404)
  })

  test('a change that fails is recorded as well', async () => {
    const good = await add.delay(1, 2)
    await good.get()
    const answer = await act({ 'sec-fetch-site': 'same-origin' }, `do=retry&id=${good.id}`)
    assert.equal(answer.status, 422)
    const [entry] = await app.audit.list({ limit: 1 })
    assert.equal(entry?.target, good.id)
    assert.match(String(entry?.outcome), /^failed: /)
  })
})

describe('what is sent', () => {
  test('a policy that lets nothing run but what carries the nonce, on every answer', async () => {
    const nonces = new Set<string>()
    for (const path of ['', 'task/', `task/${jobId}`, 'nowhere', 'live?token=no', 'static/x/style.css']) {
      const { headers, body } = await ask(served.url + path, { headers: path.startsWith('live') ? {} : withToken })
      const policy = String(headers['content-security-policy'])
      const nonce = /script-src 'nonce-([A-Za-z0-9+/=]{22,})'/.exec(policy)?.[1] as string
      assert.ok(nonce, policy)
      assert.doesNotMatch(policy, /unsafe|\*|https?:|data:/)
      assert.match(policy, /default-src 'none'.*form-action 'self'; base-uri 'none'; frame-ancestors 'none'/)
      assert.ok(!nonces.has(nonce), 'a nonce is used once')
      nonces.add(nonce)
      for (const [tag] of body.matchAll(/<script\b[^>]*>/g)) assert.ok(tag.includes(`nonce="${nonce}"`), tag)
      assert.doesNotMatch(body, /<script\b[^>]*>[^<]|\son\w+=|style="|javascript:/)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['x-frame-options'], 'DENY')
      assert.equal(headers['referrer-policy'], 'same-origin')
    }
  })

  test('no address of another host, and none that is absolute', async () => {
    for (const path of ['', 'task/', `task/${jobId}`, 'queues/', 'schedules/', 'workers/', 'events/', 'audit/']) {
      const { status, body } = await ask(served.url + path, { headers: withToken })
      assert.equal(status, 200)
      for (const [, address] of body.matchAll(/(?:href|src|action)="([^"]*)"/g)) {
        assert.match(address as string, /^(\.{1,2}\/|#)/, `${path}: ${address}`)
      }
    }
  })

  test('masked arguments and results only', async () => {
    const { greet } = opened
    const job = await greet.delay({ name: 'Ada', password: 'hunter2' })
    await job.get()
    for (const path of ['task/', `task/${job.id}`, `task/${job.id}/args.json`, `task/${job.id}/result.json`]) {
      const { status, body } = await ask(served.url + path, { headers: withToken })
      assert.equal(status, 200)
      assert.doesNotMatch(body, /hunter2/, path)
      assert.match(body, /\[redacted\]/, path)
    }
    const more = fetching({ auth: () => true, redact: ['*.name'] })
    assert.deepEqual(await (await more(`/task/${job.id}/args.json`)).json(), [
      { name: '[redacted]', password: '[redacted]' },
    ])
    const again = await ask(`${served.url}act/job`, {
      method: 'POST',
      headers: { ...form, 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({
        do: 'again',
        id: job.id,
        args: '[{"name":"Ada","password":"[redacted]"}]',
      }).toString(),
    })
    assert.equal(again.status, 422)
    assert.match(again.body, /stands for a value that is not shown here/)
  })

  test('what is said after a change cannot be written into a link', async () => {
    const { body } = await ask(`${served.url}?done=You+were+hacked&jobs=%3Cb%3E`, { headers: withToken })
    assert.doesNotMatch(body, /hacked|class="notice"/)
    assert.match((await ask(`${served.url}?done=paused`, { headers: withToken })).body, /class="notice"/)
  })
})

test('a file that nobody has stored anything in is shown as empty', async () => {
  const { app: fresh } = openAdminApp()
  const dashboard = createDashboard(fresh, { auth: () => true })
  for (const path of ['/', '/task/', '/queues/', '/schedules/', '/workers/', '/events/', '/audit/']) {
    assert.equal((await dashboard.fetch(new Request(`http://localhost${path}`))).status, 200, path)
  }
  assert.match(await (await dashboard.fetch(new Request('http://localhost/task/'))).text(), /No job is stored yet/)
  await fresh.stop()
})

test('options are checked', () => {
  const refuses = (options: unknown, message: RegExp) =>
    assert.throws(() => createDashboard(app, options as DashboardOptions), { code: 'INVALID_OPTION', message })
  refuses({ bassPath: '/x' }, /no option "bassPath" — did you mean "basePath"\?/)
  refuses({ basePath: 'admin' }, /basePath is 'admin' — allowed: a path such as '\/admin\/celery'/)
  refuses({ token: 'short' }, /token is .* at least 16/)
  refuses({ token: TOKEN, auth: () => true }, /one of auth and token/)
  refuses({ auth: 'admin' }, /auth is 'admin' — allowed: a function/)
  refuses({ hosts: 'shop.example' }, /hosts is 'shop.example'/)
  refuses({ readOnly: 'yes' }, /readOnly is 'yes' — allowed: true or false/)
  refuses({ redact: [1] }, /redact is \[ 1 \]/)
  assert.equal(BASE.startsWith('/'), true)
})
