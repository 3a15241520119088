/** What `start()` takes part in, when a process is through with it, and how a stop is hastened. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { InvalidOption } from 'celeriac'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { Peer } from '../fixtures/peer.ts'
import { type Opened, openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

function opened(database = freshDatabase()): Opened {
  const all = openApp({ database })
  after(() => all.app.stop())
  return all
}

describe('start({ queues })', () => {
  test('consumes those queues and leaves the others to other processes', async () => {
    const { app, echo } = opened()
    const early = await echo.applyAsync(['early'], { queue: 'other' })
    await app.start({ queues: ['mail', 'images'] })
    const other = await echo.applyAsync(['other'], { queue: 'other' })
    const delayed = await echo.applyAsync(['delayed'], { queue: 'other', countdown: 1 })
    const mail = await echo.applyAsync(['mail'], { queue: 'mail' })
    const images = await echo.applyAsync(['images'], { queue: 'images', countdown: 1 })
    assert.equal(await mail.get({ timeout: '20s' }), 'mail')
    assert.equal(await images.get({ timeout: '20s' }), 'images')
    await until(async () => (await delayed.state()) === 'PENDING', 'the delayed job to become due')
    // What another process commits makes this one look at every line again.
    const peer = new Peer({ database: app.database })
    await peer.call('delay', 'echo', ['from the peer'], { queue: 'other' })
    const last = await peer.call('delay', 'echo', ['last'], { queue: 'mail' })
    assert.equal(await app.result(last).get({ timeout: '20s' }), 'last')
    for (const handle of [early, other, delayed]) assert.equal(await handle.state(), 'PENDING')

    await peer.call('start', 'worker')
    for (const handle of [early, other, delayed]) await handle.get({ timeout: '20s' })
  })

  test('refuses what is no list of names', async () => {
    const { app } = opened()
    for (const queues of ['mail', [], [''], [5], null]) {
      await assert.rejects(app.start({ queues: queues as string[] }), (error: Error) => {
        assert.ok(error instanceof InvalidOption)
        assert.match(error.message, /^start\(\): queues/)
        return true
      })
    }
  })
})

describe('drained()', () => {
  test('resolves when nothing that may run here is left', async () => {
    const { app, takeTime, echo } = opened()
    const journal = new Journal()
    const handles = await takeTime.delayMany([
      [journal.path, 'one', 50],
      [journal.path, 'two', 50],
      [journal.path, 'three', 50],
    ])
    const elsewhere = await echo.applyAsync(['x'], { queue: 'elsewhere' })
    const later = await echo.applyAsync(['x'], { countdown: '1h' })
    await app.start({ queues: ['default'] })
    await app.drained()
    for (const handle of handles) assert.equal(await handle.state(), 'SUCCESS')
    assert.equal(await elsewhere.state(), 'PENDING')
    assert.equal(await later.state(), 'SCHEDULED')
  })

  test('waits for what its jobs enqueue', async () => {
    const { app, enqueueAnother } = opened()
    const parent = await enqueueAnother.delay()
    await app.start()
    await app.drained()
    const child = app.result((await parent.get()) as string)
    assert.equal(await child.state(), 'SUCCESS')
  })

  test('resolves at once where nothing is consumed', async () => {
    const { app, add } = opened()
    await add.delay(1, 2)
    await app.drained()
    await app.start({ role: 'producer' })
    await app.drained()
  })
})

test('app.tasks holds the declared tasks, callable by name', async () => {
  const { app, add } = opened()
  assert.equal(app.tasks.get('add'), add)
  assert.equal(app.tasks.get('subtract'), undefined)
  await app.start()
  const handle = await (app.tasks.get('add') as typeof add).delay(2, 3)
  assert.equal(await handle.get({ timeout: '20s' }), 5)
})

test('a second stop() shortens the first', async () => {
  const { app, hold } = opened()
  const journal = new Journal()
  await app.start()
  const handle = await hold.delay(journal.path, 'held')
  await journal.has('held began')
  const began = performance.now()
  const first = app.stop({ drain: '10m', grace: '10m' })
  const early = await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 100, 'still waiting'))])
  assert.equal(early, 'still waiting')
  const [report, same] = await Promise.all([first, app.stop({ drain: 0, grace: 0 })])
  assert.deepEqual(report, { finished: 0, returned: 1, killed: 1 })
  assert.equal(same, report)
  assert.ok(performance.now() - began < 300_000, 'did not wait for the ten minutes')
  const again = opened(app.database)
  assert.equal(await again.app.result(handle.id).state(), 'PENDING')
})
