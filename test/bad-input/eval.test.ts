/** Programs that are given to node as text. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freshDatabase } from '../fixtures/folder.ts'

const run = promisify(execFile)
const tasks = new URL('../fixtures/tasks.js', import.meta.url).href
const root = fileURLToPath(new URL('../../..', import.meta.url))

async function said(flags: readonly string[], program: string): Promise<string> {
  const { stdout } = await run(process.execPath, [...flags, '--eval', program], { cwd: root, timeout: 60_000 })
  return stdout.trim()
}

describe('a program given as text', () => {
  for (const flags of [
    ['--input-type=module'],
    ['--expose-gc', '--input-type', 'module', '--conditions', 'production', '--import', 'data:text/javascript,'],
  ]) {
    test(`has its engine, its threads and its reader: ${flags.join(' ')}`, async () => {
      const program = `
        import { openApp } from ${JSON.stringify(tasks)}
        const { app, add } = openApp({ database: ${JSON.stringify(freshDatabase())}, concurrency: 1 })
        await app.start()
        const sum = await (await add.delay(1, 2)).get({ timeout: '30s' })
        const { healthy } = await app.doctor()
        const { jobs } = await app.reader.jobs({ task: 'add' })
        await app.stop()
        console.log(sum, healthy, jobs.length)`
      assert.equal(await said(flags, program), '3 true 1')
    })
  }

  test('is told that threads cannot import it', async () => {
    const program = `
      import { Celeriac } from 'celeriac'
      try { new Celeriac({ tasks: import.meta.url }) } catch (error) { console.log(error.code, error.message) }`
    assert.match(
      await said(['--input-type=module'], program),
      /^INVALID_OPTION tasks is 'file:.*\[eval1\]' — allowed: a module on disk: the text of a program given to node/,
    )
  })
})
