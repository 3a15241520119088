/** @app.task('name') on a static method. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Celeriac } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { openDecorated } from '../fixtures/decorated-tasks.ts'
import { freshDatabase } from '../fixtures/folder.ts'

test('a decorated static method is a task', async () => {
  const { app, Mailer, send, count } = openDecorated({ database: freshDatabase() })
  await using _ = app
  await app.start()
  assert.equal(Mailer.send('ada'), 'sent to ada')
  assert.equal(await resultOf(await send.delay('ada')), 'sent to ada')
  const counted = await count.delay()
  assert.equal(await resultOf(counted), 1)
  assert.equal((await counted.info())?.queue, 'mail')
  assert.deepEqual(
    app.inspect.registered().map((task) => task.name),
    ['send_email', 'count'],
  )
  await app.stop()
})

test('an instance method is refused: a job has no instance to run on', () => {
  const app = new Celeriac({ database: freshDatabase() })
  assert.throws(
    () => {
      class Wrong {
        @app.task('wrong')
        send(): void {}
      }
      return Wrong
    },
    { code: 'INVALID_OPTION', message: /@app\.task\("wrong"\) stands on send, which is no static method/ },
  )
})
