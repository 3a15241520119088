/** More than 200 hostile texts in every place that a text of somebody can get to: none of them is ever more than text. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Served, serveDashboard } from '../fixtures/admin.ts'
import { noBrowser, openWindow, type Watched } from '../fixtures/browser.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { openPayloadApp } from '../fixtures/payload-tasks.ts'
import { PAYLOADS } from '../fixtures/payloads.ts'
import { until } from '../fixtures/until.ts'

const { app, named, echo, fail, report } = openPayloadApp({ database: freshDatabase() })
let served: Served
let everything: string
let failed: string[]
let running: string

async function open(): Promise<void> {
  for (const payload of PAYLOADS.slice(0, 20)) app.schedule(payload, { every: '1h', run: echo.s(payload) })
  await app.start()
  served = await serveDashboard(app)
  const headers = Object.fromEntries(PAYLOADS.map((payload) => [payload, payload]))
  const one = await echo.applyAsync([PAYLOADS.map((payload) => ({ [payload]: payload }))], {
    tags: [...PAYLOADS],
    headers,
    taskId: PAYLOADS[0] as string,
  })
  everything = one.id
  const failures = await fail.delayMany(PAYLOADS.map((payload) => [payload] as [string]))
  failed = failures.map(({ id }) => id)
  const calls = [
    ...named.map((task) => task.delay('x')),
    ...PAYLOADS.map((queue) => echo.applyAsync([queue], { queue, countdown: 100 })),
  ]
  const jobs = [one, ...failures, ...(await Promise.all(calls))]
  await until(async () => (await Promise.all(jobs.map((job) => job.ready()))).every(Boolean), 'every end', 60_000)
  const last = await report.delay(PAYLOADS[2] as string)
  running = last.id
  await until(async () => (await last.info())?.progress, 'the progress')
  // They wait behind the one that runs for ever.
  await Promise.all(PAYLOADS.map((queue) => echo.applyAsync([queue], { queue })))
  await app.audit.record(
    { user: PAYLOADS[3]!, action: PAYLOADS[4]!, target: PAYLOADS[5]! },
    async () => PAYLOADS[6]!,
    String,
  )
}

describe('hostile texts', { skip: noBrowser }, () => {
  let watched: Watched
  before(async () => {
    await open()
    watched = await openWindow(served.url)
  })
  after(async () => {
    await watched.context.close()
    await served.close()
    await app.stop()
  })

  /** Opens a page, lets it settle, and looks for anything that a text could have become. */
  const visit = async (path: string, shows: readonly string[]): Promise<void> => {
    const { page } = watched
    await page.goto(served.url + path)
    await page.locator('main').waitFor()
    const found = await page.evaluate(() => ({
      pwned: (window as { pwned?: unknown }).pwned ?? null,
      foreign: [
        ...document.querySelectorAll(
          'main :is(script, img, iframe, object, embed, style, math, body, base, meta, link), [src^="javascript:" i], [href^="javascript:" i]',
        ),
      ].map((one) => one.outerHTML),
      scripts: document.scripts.length,
      handlers: [...document.querySelectorAll('*')]
        .filter((one) => [...one.attributes].some(({ name }) => name.startsWith('on')))
        .map((one) => one.outerHTML),
    }))
    assert.deepEqual(found, { pwned: null, foreign: [], scripts: 1, handlers: [] }, path)
    const text = (await page.locator('main').textContent()) ?? ''
    const lost = shows.filter((payload) => !text.includes(payload))
    assert.deepEqual(lost, [], `${path} shows them as they are`)
  }

  test('there are more than 200', () => {
    assert.ok(PAYLOADS.length > 200, String(PAYLOADS.length))
  })

  test('in tags, headers, logs, an id, arguments and result', async () => {
    await visit(`task/${encodeURIComponent(everything)}`, PAYLOADS)
  })

  test('in errors, their names, stacks and causes, and in lists', async () => {
    for (let i = 0; i < 3; i++) await visit(`task/${failed[i * 60]}`, [PAYLOADS[i * 60] as string])
    const { page } = watched
    await visit('task/?q=state%3Afailure&size=100', PAYLOADS.slice(-100))
    await page.getByRole('link', { name: 'Older' }).click()
    await page.waitForURL(/after=/)
    await visit(page.url().slice(served.url.length), PAYLOADS.slice(-200, -100))
    await visit('', PAYLOADS.slice(-8))
  })

  test('in names of queues, tasks and schedules, in progress and in the audit', async () => {
    await visit('queues/', PAYLOADS)
    await visit('schedules/', PAYLOADS.slice(0, 20))
    await visit(
      'workers/',
      named.map(({ name }) => name),
    )
    await visit(`task/${running}`, [PAYLOADS[2] as string])
    await visit('audit/', PAYLOADS.slice(3, 7))
    await visit('events/', [])
  })

  test('in the address', async () => {
    const { page } = watched
    for (const payload of PAYLOADS.filter((_, i) => i % 60 === 0)) {
      await page.goto(`${served.url}task/?q=${encodeURIComponent(payload)}`)
      assert.equal(await page.locator('input[type=search]').inputValue(), payload.trim())
      const word = encodeURIComponent(JSON.stringify(payload))
      await visit(
        `task/?q=error%3A${word}&after=1&size=${encodeURIComponent(payload)}&done=${encodeURIComponent(payload)}`,
        [],
      )
    }
  })

  test('in what the browser puts in by itself', async () => {
    const { page } = watched
    await page.goto(`${served.url}events/`)
    await page.getByText('as they happen').waitFor()
    const again = await named[0]!.applyAsync(['x'], { queue: PAYLOADS[7] as string })
    const row = page.locator('#events tr', { hasText: again.id })
    await row.waitFor()
    assert.ok((await row.textContent())?.includes(named[0]!.name))
    await app.result(running).revoke({ terminate: true, reason: PAYLOADS[8] as string })
    const error = page.locator('#events .under', { hasText: PAYLOADS[30] as string })
    await until(async () => {
      await (await fail.delay(PAYLOADS[30] as string)).get({ timeout: '20s' }).catch(() => {})
      return (await error.count()) > 0
    }, 'the error among the events')
    assert.equal(await page.evaluate(() => (window as { pwned?: unknown }).pwned ?? null), null)
    await visit(`task/${running}`, [PAYLOADS[8] as string])
  })

  test('and nothing was run, refused or asked for on the way', () => {
    assert.deepEqual(watched.troubles, [])
  })
})
