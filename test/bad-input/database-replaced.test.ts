/** A database that is deleted or replaced under a running app: nothing more is acknowledged, and the app says why. */
import assert from 'node:assert/strict'
import { renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { openApp } from '../fixtures/tasks.ts'

describe('a database that is', () => {
  const cases: [what: string, how: (database: string) => void, message: RegExp][] = [
    ['deleted', (database) => unlinkSync(database), /was deleted while in use — restore it and start the app again/],
    [
      'replaced',
      (database) => {
        writeFileSync(`${database}.new`, '')
        renameSync(`${database}.new`, database)
      },
      /was replaced by another file while in use — start the app again/,
    ],
  ]
  for (const [what, how, message] of cases) {
    test(`${what} under a running app ends the engine, and whoever waits is told`, async () => {
      const database = freshDatabase()
      const { app, add } = openApp({ database })
      await using _ = app
      await app.start()
      await resultOf(await add.delay(1, 2))
      const crashed = new Promise<Error>((resolve) => app.on('engine-crashed', ({ error }) => resolve(error)))
      const handle = await add.applyAsync([1, 2], { countdown: '1h' })
      const waiting = assert.rejects(handle.get(), { name: 'DatabaseReplaced', code: 'DATABASE_REPLACED', message })
      how(database)
      await waiting
      assert.match((await crashed).message, message)
      await assert.rejects(add.delay(1, 2), { code: 'DATABASE_REPLACED' }, 'nothing is stored in another file unasked')
      await app.start()
      assert.equal(await resultOf(await add.delay(1, 2)), 3)
    })
  }
})
