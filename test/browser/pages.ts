/** Each page in a real browser: what it shows, how it looks at 400 pixels and in both themes, and that it can be read without scripts. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { openAdminApp, type Served, serveDashboard } from '../fixtures/admin.ts'
import { noBrowser, openWindow } from '../fixtures/browser.ts'
import { Journal } from '../fixtures/journal.ts'
import { until } from '../fixtures/until.ts'

const opened = openAdminApp({ queues: { mail: { concurrency: 1, rateLimit: '100/m' } } })
const { app, add, fail, flaky, greet, hold, own, parent } = opened
const journal = new Journal()
let served: Served
/** Pages by name, with something that each must show. */
let pages: Record<string, { path: string; shows: string[] }>

/** More jobs than one page of a search looks at, the oldest of them one of a kind. */
const OLD_JOBS = 120_000

function storeOldJobs(): void {
  const db = new Database(app.database)
  db.prepare(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${OLD_JOBS})
    INSERT INTO celeriac_jobs (seq, id, task, queue, state, priority, rank, enqueued_at, finished_at, codec, args)
    SELECT -i, 'old-' || i, CASE WHEN i = ${OLD_JOBS} THEN 'needle' ELSE 'hay' END, 'old', 'SUCCESS', 0, 0,
      1700000000000 - i, 1700000000000 - i, 'json', '[]' FROM n`).run()
  db.close()
}

async function open(): Promise<void> {
  app.schedule('daily-report', { cron: '0 6 * * 1-5', timezone: 'Europe/Madrid', run: add.s(1, 1) })
  app.schedule('cleanup', { cron: 'H 3 * * *', paused: true, run: add.s(2, 2) })
  await app.start()
  served = await serveDashboard(app)
  storeOldJobs()
  const good = await greet.applyAsync([{ name: 'Ada Lovelace' }], { tags: ['welcome'], headers: { trace: 'abc' } })
  const tried = await flaky.delay(3)
  const family = await parent.delay()
  const failed = await fail.delay('no paper in the printer')
  await until(
    async () => (await Promise.all([good, tried, family, failed].map((job) => job.ready()))).every(Boolean),
    'the ends',
  )
  const running = await hold.delay(journal.path)
  await until(async () => (await running.info())?.progress, 'the progress')
  const inMain = await own.delay(journal.path)
  await until(async () => (await inMain.info())?.state === 'STARTED', 'the job on the main thread')
  const later = await add.applyAsync([1, 2], { countdown: '1h' })
  await app.schedules.trigger('daily-report')
  await app.control.pause({ queue: 'mail' })
  await greet.delay({ name: 'Grace' })
  pages = {
    overview: {
      path: '',
      shows: [
        'Overview',
        'Waiting',
        '1 of 2 busy, 1 on main',
        'Throughput',
        'Latest failures',
        'no paper in the printer',
      ],
    },
    tasks: { path: 'task/', shows: ['Tasks', 'FAILURE', 'STARTED', 'SCHEDULED', 'welcome', '"name":"Ada Lovelace"'] },
    filtered: { path: 'task/?q=state%3Afailure', shows: ['RangeError: no paper in the printer'] },
    'bad filter': { path: 'task/?q=colour%3Ared', shows: ['"colour"'] },
    success: {
      path: `task/${good.id}`,
      shows: ['greet', 'Result', 'greeted', 'greeting Ada Lovelace', 'welcome', 'trace'],
    },
    failure: { path: `task/${failed.id}`, shows: ['RangeError', 'caused by', 'the reason behind it', 'Retry'] },
    retried: { path: `task/${tried.id}`, shows: ['Attempt 1: retry', 'Attempt 3: success', 'attempt 2 failed'] },
    parent: { path: `task/${family.id}`, shows: ['Children', 'jobs that this one enqueued: 1'] },
    running: {
      path: `task/${running.id}`,
      shows: ['has been running since', 'three of ten', '30 %', 'Revoke', `pid ${process.pid} on `, ' of its pool'],
    },
    scheduled: { path: `task/${later.id}`, shows: ['waits for its time', 'Not before'] },
    queues: {
      path: 'queues/',
      shows: ['mail', 'paused', '1 at once', '100/m', 'Resume', 'declared in this process', 'flaky'],
    },
    schedules: {
      path: 'schedules/',
      shows: ['daily-report', 'At 06:00, Monday through Friday', 'Europe/Madrid', 'cleanup', 'paused', 'Next 5'],
    },
    workers: {
      path: 'workers/',
      shows: ['bakery', `pid ${process.pid}`, 'hold', '1 of 2 threads busy, 1 job on the main thread', 'MB of memory'],
    },
    events: { path: 'events/', shows: ['task-failed', 'task-succeeded', 'task-sent'] },
    audit: { path: 'audit/', shows: ['Nobody has changed anything'] },
  }
}

async function close(): Promise<void> {
  journal.open()
  await served.close()
  await app.stop()
}

describe('pages in a browser', { skip: noBrowser }, () => {
  before(open)
  after(close)
  /** What was seen of each page, in one visit: a browser is slow beside everything else here. */
  const seen: Record<string, { text: string; parts: number[]; widths: number[]; light: string[]; dark: string[] }> = {}
  let troubles: string[]

  before(async () => {
    const watched = await openWindow(served.url, { colorScheme: 'light', reducedMotion: 'reduce' })
    const { page, context } = watched
    for (const [name, { path }] of Object.entries(pages)) {
      await page.goto(served.url + path)
      const text = await page.locator('body').innerText()
      const parts = [await page.locator('h1').count(), await page.locator('main').count()]
      const light = await page.evaluate(lowContrast)
      await page.emulateMedia({ colorScheme: 'dark' })
      const dark = await page.evaluate(lowContrast)
      await page.emulateMedia({ colorScheme: 'light' })
      await page.setViewportSize({ width: 400, height: 800 })
      const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
      await page.setViewportSize({ width: 1280, height: 900 })
      seen[name] = { text, parts, widths, light, dark }
    }
    await page.goto(served.url)
    await page.locator('.chart canvas').waitFor()
    troubles = watched.troubles
    await context.close()
  })

  test('show what they are for, and cause no trouble', () => {
    for (const [name, { shows }] of Object.entries(pages)) {
      const { text, parts } = seen[name]!
      for (const one of shows) assert.ok(text.includes(one), `${name} shows ${one} in:\n${text}`)
      assert.deepEqual(parts, [1, 1], `${name} has one heading and one main part`)
    }
    assert.deepEqual(troubles, [])
  })

  test('fit a window of 400 pixels', () => {
    for (const [name, { widths }] of Object.entries(seen)) {
      const [content, window] = widths as [number, number]
      assert.ok(content <= window, `${name} is ${content} wide in a window of ${window}`)
    }
  })

  test('have enough contrast, light and dark', () => {
    for (const [name, { light, dark }] of Object.entries(seen)) {
      assert.deepEqual(light, [], `${name}, light`)
      assert.deepEqual(dark, [], `${name}, dark`)
    }
  })

  test('go on with a search until something is found', async () => {
    const { page, context, troubles } = await openWindow(served.url)
    await page.goto(`${served.url}task/?q=task%3Aneedle`)
    await page.getByRole('link', { name: 'needle' }).waitFor()
    assert.match(page.url(), /after=-\d+/)
    assert.equal(await page.getByRole('searchbox').inputValue(), 'task:needle')
    assert.deepEqual(troubles, [])
    await context.close()
  })

  test('can be read without scripts', async () => {
    const { page, context, troubles } = await openWindow(served.url, { javaScriptEnabled: false })
    for (const [name, { path, shows }] of Object.entries(pages)) {
      await page.goto(served.url + path)
      const text = await page.locator('body').innerText()
      for (const one of shows) assert.ok(text.includes(one), `${name} shows ${one} in:\n${text}`)
    }
    await page.goto(served.url)
    await page.locator('.chart svg rect.no').first().waitFor({ state: 'attached' })
    assert.equal(await page.locator('#live').isVisible(), false)
    assert.deepEqual(troubles, [])
    await context.close()
  })

  test('keep a theme that was chosen', async () => {
    const { page, context } = await openWindow(served.url, { colorScheme: 'light' })
    const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    const light = await background()
    await page.locator('#theme').click()
    const dark = await background()
    assert.notEqual(dark, light)
    await page.goto(`${served.url}queues/`)
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark')
    assert.equal(await background(), dark)
    await page.locator('#theme').click()
    assert.equal(await background(), light)
    await context.close()
  })

  test('are used by keyboard alone', async () => {
    const { page, context } = await openWindow(served.url)
    await page.goto(`${served.url}task/`)
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '')
    await page.keyboard.press('Tab')
    assert.equal(await focused(), 'Skip to the content')
    await page.keyboard.press('Enter')
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'main')
    await page.keyboard.press('/')
    assert.equal(await page.evaluate(() => (document.activeElement as HTMLInputElement).name), 'q')
    await page.keyboard.type('state:failure')
    await page.keyboard.press('Enter')
    await page.waitForURL(/q=state/)
    await page.keyboard.press('j')
    assert.equal(await focused(), 'fail')
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle)
    assert.equal(outline, 'solid')
    await page.keyboard.press('Enter')
    await page.waitForURL(/task\/[0-9a-f-]{36}$/)
    // Every control can be reached: none of them is taken out of the order.
    assert.equal(await page.locator('a[tabindex="-1"], button[tabindex="-1"], input[tabindex="-1"]').count(), 0)
    await context.close()
  })
})

/** Texts whose contrast with what lies behind them is below WCAG AA. Runs in the page. */
function lowContrast(): string[] {
  const canvas = document
    .createElement('canvas')
    .getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D
  type Colour = [red: number, green: number, blue: number, alpha: number]
  const read = (colour: string): Colour => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = colour
    canvas.fillRect(0, 0, 1, 1)
    const [red = 0, green = 0, blue = 0, alpha = 0] = canvas.getImageData(0, 0, 1, 1).data
    return [red, green, blue, alpha / 255]
  }
  const over = ([r, g, b, a]: Colour, [r2, g2, b2]: Colour): Colour => [
    r * a + r2 * (1 - a),
    g * a + g2 * (1 - a),
    b * a + b2 * (1 - a),
    1,
  ]
  const behind = (element: Element): Colour => {
    const mine = read(getComputedStyle(element).backgroundColor)
    if (mine[3] > 0.99) return mine
    return over(mine, element.parentElement ? behind(element.parentElement) : [255, 255, 255, 1])
  }
  const luminance = ([r, g, b]: Colour): number => {
    const [x = 0, y = 0, z = 0] = [r, g, b].map((part) => {
      const share = part / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  const poor: string[] = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement
    if (!element || !node.nodeValue?.trim() || element.checkVisibility?.() === false) continue
    if (element.getBoundingClientRect().width < 2 || element.closest('.hidden, .skip, .chart')) continue
    const background = behind(element)
    const colour = over(read(getComputedStyle(element).color), background)
    const [light, dark] = [luminance(colour), luminance(background)].sort((a, b) => b - a) as [number, number]
    const ratio = (light + 0.05) / (dark + 0.05)
    if (ratio < 4.5) poor.push(`${node.nodeValue.trim().slice(0, 40)}: ${ratio.toFixed(2)}`)
  }
  return poor
}
