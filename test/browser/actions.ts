/** What somebody does on the pages, and what the pages do by themselves while somebody looks. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openAdminApp, type Served, serveDashboard } from '../fixtures/admin.ts'
import { noBrowser, openWindow, type Watched } from '../fixtures/browser.ts'
import { Journal } from '../fixtures/journal.ts'
import { until } from '../fixtures/until.ts'

const opened = openAdminApp()
const { app, add, fail, flaky, hold } = opened
const journal = new Journal()
let served: Served
let watched: Watched

const failures = async (count: number, message: string) => {
  const jobs = await fail.delayMany(Array.from({ length: count }, () => [message] as [string]))
  await until(async () => (await Promise.all(jobs.map((job) => job.ready()))).every(Boolean), 'the failures')
  return jobs
}
const attempts = async (id: string) => (await app.result(id).info())?.attempts.length
const idOf = (url: string): string => /task\/([0-9a-f-]{36})/.exec(url)?.[1] as string
const audited = async () => (await app.audit.list()).map(({ action, target }) => `${action}: ${target}`)

describe('in a browser', { skip: noBrowser }, () => {
  before(async () => {
    app.schedule('nightly', { cron: '0 3 * * *', run: add.s(20, 22) })
    await app.start()
    served = await serveDashboard(app)
  })
  after(async () => {
    journal.open()
    await served.close()
    await app.stop()
  })

  describe('what is done on the pages', () => {
    before(async () => {
      watched = await openWindow(served.url)
    })
    after(async () => {
      await watched.context.close()
    })

    test('retry a job', async () => {
      const [job] = await failures(1, 'once more')
      const { page } = watched
      await page.goto(`${served.url}task/${job!.id}`)
      await page.getByRole('button', { name: 'Retry' }).click()
      await page.locator('.notice', { hasText: 'Put back into its queue' }).waitFor()
      await until(async () => (await attempts(job!.id)) === 2, 'the second attempt')
      assert.ok((await audited()).includes(`retry: ${job!.id}`))
    })

    test('run a job again with other arguments', async () => {
      const job = await add.applyAsync([1, 2], { tags: ['kept'] })
      await job.get()
      const { page } = watched
      await page.goto(`${served.url}task/${job.id}`)
      await page.getByText('Run again, with these or other arguments').click()
      const box = page.locator('textarea[name=args]')
      assert.deepEqual(JSON.parse(await box.inputValue()), [1, 2])
      await box.fill('[40, 2]')
      await page.getByRole('button', { name: 'Enqueue a new job' }).click()
      await page.locator('.notice', { hasText: 'Enqueued as a new job' }).waitFor()
      const made = idOf(page.url())
      assert.notEqual(made, job.id)
      assert.equal(await app.result(made).get(), 42)
      assert.deepEqual((await app.result(made).info())?.tags, ['kept'])
    })

    test('what is no JSON array is refused, and nothing runs', async () => {
      const job = await add.delay(1, 2)
      await job.get()
      const window = await openWindow(served.url)
      await window.page.goto(`${served.url}task/${job.id}`)
      await window.page.getByText('Run again, with these or other arguments').click()
      await window.page.locator('textarea[name=args]').fill('{"not": "an array"}')
      await window.page.getByRole('button', { name: 'Enqueue a new job' }).click()
      await window.page.getByText('The arguments are no JSON array').waitFor()
      await window.context.close()
    })

    test('revoke a running job, after being asked', async () => {
      const job = await hold.delay(new Journal().path)
      await until(async () => (await job.info())?.progress, 'the start')
      const { page } = watched
      await page.goto(`${served.url}task/${job.id}`)
      await page.getByRole('button', { name: 'Revoke…' }).click()
      await page.getByRole('heading', { name: 'Revoke hold?' }).waitFor()
      assert.equal(await job.state(), 'STARTED')
      await page.getByLabel('Terminate its thread').check()
      await page.getByLabel('Reason').fill('no longer wanted')
      await page.getByRole('button', { name: 'Revoke' }).click()
      await page.locator('.notice').waitFor()
      await until(async () => (await job.state()) === 'REVOKED', 'the end')
      assert.equal((await job.info())?.revokeReason, 'no longer wanted')
      assert.ok((await audited()).includes(`revoke and terminate: ${job.id}`))
      await page.locator('.state', { hasText: 'REVOKED' }).first().waitFor()
    })

    test('retry the jobs that are chosen in the list', async () => {
      const jobs = await failures(3, 'chosen')
      const { page } = watched
      await page.goto(`${served.url}task/?q=error%3Achosen`)
      await page.getByLabel(`Choose job ${jobs[0]!.id}`).check()
      await page.getByLabel(`Choose job ${jobs[2]!.id}`).check()
      await page.getByText('2 chosen').waitFor()
      await page.getByRole('button', { name: 'Retry', exact: true }).click()
      await page.locator('.notice', { hasText: '2 jobs put back into the queue' }).waitFor()
      await until(async () => (await attempts(jobs[0]!.id)) === 2 && (await attempts(jobs[2]!.id)) === 2, 'both')
      assert.equal(await attempts(jobs[1]!.id), 1)
    })

    test('revoke all that a filter means, once their number is typed', async () => {
      const jobs = await add.delayMany(
        Array.from({ length: 120 }, () => [1, 1] as [number, number]),
        { countdown: '1h', tags: ['batch'] },
      )
      const { page } = watched
      await page.goto(`${served.url}task/?q=tag%3Abatch`)
      await page.getByRole('button', { name: 'Revoke all…' }).click()
      await page.getByRole('heading', { name: 'Revoke 120 jobs?' }).waitFor()
      await page.getByLabel('Type 120 to confirm').fill('119')
      await page.getByRole('button', { name: 'Revoke them' }).click()
      await page.getByText('The count is another one now').waitFor()
      assert.equal(await app.inspect.count({ tag: 'batch', state: 'SCHEDULED' }), 120)
      await page.getByLabel('Type 120 to confirm').fill('120')
      await page.getByRole('button', { name: 'Revoke them' }).click()
      await page.locator('.notice', { hasText: '120 jobs revoked' }).waitFor()
      assert.equal(await jobs[119]!.state(), 'REVOKED')
      assert.equal(await app.inspect.count({ tag: 'batch', state: 'REVOKED' }), 120)
    })

    test('page through the list, older and back to the newest', async () => {
      const { page } = watched
      await page.goto(`${served.url}task/?q=tag%3Abatch&size=25`)
      const ids = async () =>
        page.locator('tr[data-key]').evaluateAll((rows) => rows.map((row) => row.dataset.key as string))
      const seen = new Set(await ids())
      assert.equal(seen.size, 25)
      for (let i = 2; i <= 5; i++) {
        await page.getByRole('link', { name: 'Older' }).click()
        await page.waitForURL(/after=/)
        await page.locator('main[id=main]').waitFor()
        for (const id of await ids()) seen.add(id)
      }
      assert.equal(seen.size, 120)
      await page.getByRole('link', { name: 'Newest' }).click()
      await page.waitForURL((url) => !url.search.includes('after'))
    })

    test('pause and resume a queue', async () => {
      const { page } = watched
      const far = await add.applyAsync([1, 1], { queue: 'side' })
      await far.get()
      await app.control.pause({ queue: 'side' })
      const job = await add.applyAsync([1, 1], { queue: 'side' })
      await page.goto(`${served.url}queues/`)
      const row = page.locator('tr[data-key=side]')
      await row.getByText('paused').waitFor()
      await row.getByRole('button', { name: 'Resume' }).click()
      await page.locator('.notice', { hasText: 'Resumed' }).waitFor()
      assert.equal(await job.get({ timeout: '20s' }), 2)
      assert.ok((await audited()).includes('resume queue: side'))
    })

    test('pause a task, and purge a queue', async () => {
      const { page } = watched
      await page.goto(`${served.url}queues/`)
      const row = page.locator('tr[data-key="task flaky"]')
      await row.getByRole('button', { name: 'Pause' }).click()
      await row.getByText('paused').waitFor()
      assert.deepEqual((await app.inspect.paused()).tasks, ['flaky'])
      const held = await flaky.delayMany(
        Array.from({ length: 3 }, () => [1] as [number]),
        { queue: 'purged' },
      )
      await page.goto(`${served.url}queues/`)
      await page.locator('tr[data-key=purged]').getByRole('button', { name: 'Purge…' }).click()
      await page.getByLabel('Type 3 to confirm').fill('3')
      await page.getByRole('button', { name: 'Revoke them' }).click()
      await page.locator('.notice', { hasText: '3 jobs revoked' }).waitFor()
      assert.equal(await held[2]!.state(), 'REVOKED')
      await page.goto(`${served.url}queues/`)
      await row.getByRole('button', { name: 'Resume' }).click()
      await row.getByText('paused').waitFor({ state: 'detached' })
      assert.deepEqual((await app.inspect.paused()).tasks, [])
    })

    test('bring an edited schedule back to its declaration', async () => {
      const { page } = watched
      await app.schedules.set('nightly', { cron: '30 4 * * *', run: add.s(20, 22) })
      await page.goto(`${served.url}schedules/`)
      const row = page.locator('tr[data-key=nightly]')
      await row.getByText('edited').waitFor()
      await row.getByText('At 04:30').waitFor()
      await row.getByRole('button', { name: 'Reset' }).click()
      await row.getByText('At 03:00').waitFor()
      assert.equal((await app.schedules.get('nightly'))?.edited, false)
    })

    test('run a schedule now, pause it, resume it', async () => {
      const { page } = watched
      await page.goto(`${served.url}schedules/`)
      const row = page.locator('tr[data-key=nightly]')
      await row.getByRole('button', { name: 'Run now' }).click()
      await page.locator('.notice', { hasText: 'Enqueued by its schedule' }).waitFor()
      assert.equal(await app.result(idOf(page.url())).get({ timeout: '20s' }), 42)
      await page.goto(`${served.url}schedules/`)
      await row.getByRole('button', { name: 'Pause' }).click()
      await row.getByText('paused').waitFor()
      assert.equal((await app.schedules.get('nightly'))?.paused, true)
      await row.getByRole('button', { name: 'Resume' }).click()
      await row.getByText('paused').waitFor({ state: 'detached' })
      assert.equal((await app.schedules.get('nightly'))?.paused, false)
    })

    test('all of it works without scripts', async () => {
      const [job] = await failures(1, 'no scripts')
      const { page, context, troubles } = await openWindow(served.url, { javaScriptEnabled: false })
      await page.goto(`${served.url}task/?q=error%3A%22no+scripts%22`)
      await page.getByRole('link', { name: 'fail', exact: true }).click()
      await page.getByRole('button', { name: 'Retry' }).click()
      await page.locator('.notice', { hasText: 'Put back' }).waitFor()
      await until(async () => (await attempts(job!.id)) === 2, 'the second attempt')
      assert.deepEqual(troubles, [])
      await context.close()
    })

    test('everything is in the audit, and nothing went wrong on the way', async () => {
      const { page, troubles } = watched
      await page.goto(`${served.url}audit/`)
      const text = await page.locator('main').innerText()
      for (const one of [
        'run again',
        'revoke and terminate',
        'retry jobs',
        'revoke jobs',
        'pause schedule',
        'trigger schedule',
      ]) {
        assert.ok(text.includes(one), `${one} in ${text}`)
      }
      assert.deepEqual(troubles, [])
    })
  })

  describe('what the pages do by themselves', () => {
    test('figures and lists follow what happens', async () => {
      const { page, context, troubles } = await openWindow(served.url)
      const succeeded = page.locator('.figures > div', { hasText: 'Succeeded, 1 h' }).locator('dd')
      const before = Number.parseInt(await succeeded.innerText(), 10)
      await add.delay(1, 1)
      await until(async () => Number.parseInt(await succeeded.innerText(), 10) > before, 'the figure')

      await page.goto(`${served.url}task/?q=tag%3Alive`)
      await page.getByText('No job matches this filter').waitFor()
      const job = await add.applyAsync([1, 1], { tags: ['live'] })
      await page.locator(`tr[data-key="${job.id}"]`, { hasText: 'SUCCESS' }).waitFor()
      assert.deepEqual(troubles, [])
      await context.close()
    })

    test('rows do not move under somebody who has chosen some', async () => {
      const { page, context } = await openWindow(served.url)
      const first = await add.applyAsync([1, 1], { tags: ['calm'] })
      await first.get()
      await page.goto(`${served.url}task/?q=tag%3Acalm`)
      await page.getByLabel(`Choose job ${first.id}`).check()
      await add.applyAsync([1, 1], { tags: ['calm'] })
      await page.getByRole('link', { name: 'New jobs: show them' }).waitFor()
      assert.equal(await page.locator('tr[data-key]').count(), 1)
      await page.getByRole('link', { name: 'New jobs: show them' }).click()
      await until(async () => (await page.locator('tr[data-key]').count()) === 2, 'both rows')
      await context.close()
    })

    test("a running job's page follows it to its end, and keeps what was typed", async () => {
      const gate = new Journal()
      const job = await hold.delay(gate.path)
      const { page, context } = await openWindow(served.url)
      await page.goto(`${served.url}task/${job.id}`)
      await page.getByText('three of ten').waitFor()
      await page.getByText('Run again, with these or other arguments').click()
      await page.locator('textarea[name=args]').fill('["half written')
      gate.open()
      await page.locator('h1 + .state', { hasText: 'SUCCESS' }).waitFor()
      await page.getByText('let go').first().waitFor()
      assert.equal(await page.locator('textarea[name=args]').inputValue(), '["half written')
      await context.close()
    })

    test('events come as they happen, and can be held back', async () => {
      const { page, context } = await openWindow(served.url)
      await page.goto(`${served.url}events/`)
      const row = (id: string) => page.locator('#events tr', { hasText: id })
      await page.getByText('as they happen').waitFor()
      const job = await fail.delay('seen live')
      await row(job.id).filter({ hasText: 'task-failed' }).filter({ hasText: 'seen live' }).waitFor()
      await page.getByRole('button', { name: 'Pause' }).click()
      const held = await add.delay(1, 1)
      await page.getByText(/held back/).waitFor()
      assert.equal(await row(held.id).count(), 0)
      await page.getByRole('button', { name: 'Go on' }).click()
      await row(held.id).filter({ hasText: 'task-succeeded' }).waitFor()
      await context.close()
    })

    test('a paused page stays as it is, and catches up', async () => {
      const { page, context } = await openWindow(served.url)
      await page.goto(`${served.url}task/?q=tag%3Apaused`)
      const live = page.locator('#live')
      await live.click()
      assert.equal(await live.innerText(), 'paused')
      const job = await add.applyAsync([1, 1], { tags: ['paused'] })
      await job.get()
      // Another page that is live shows that there was time to hear of it.
      const other = await openWindow(served.url)
      await other.page.goto(`${served.url}task/?q=tag%3Apaused`)
      await other.page.locator(`tr[data-key="${job.id}"]`).waitFor()
      assert.equal(await page.locator(`tr[data-key="${job.id}"]`).count(), 0)
      await live.click()
      await page.locator(`tr[data-key="${job.id}"]`).waitFor()
      await other.context.close()
      await context.close()
    })
  })
})
