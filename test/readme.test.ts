import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from './fixtures/folder.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map((match) => match[1] as string)
const run = promisify(execFile)

/** What the comments behind a block's `console.log` calls say that they print. */
function promised(block: string): string[] {
  return [...block.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)].map((match) => match[1] as string)
}

/** What an option checker says it knows. */
async function knownOptions(make: () => unknown): Promise<string[]> {
  try {
    await make()
  } catch (error) {
    return /Known options: (.*)$/.exec((error as Error).message)?.[1]?.split(', ') ?? []
  }
  return []
}

/** Rows of the tables whose first heading is this one, as texts of their cells. */
function tableOf(heading: string): string[][] {
  const [, ...tables] = readme.split(`\n| ${heading} |`)
  assert.ok(tables.length > 0, heading)
  return tables.flatMap((table) =>
    (table.split('\n\n')[0] ?? '')
      .split('\n')
      .slice(2)
      .map((line) =>
        line
          .slice(1, -1)
          .split(/(?<!\\)\|/)
          .map((cell) => cell.trim()),
      ),
  )
}

/** The row whose first cell names an option. */
const rowOf = (rows: string[][], key: string): string[] | undefined =>
  rows.find(([first]) =>
    [...(first ?? '').matchAll(/`([^`]+)`/g)].some(
      ([, code]) => code === key || code?.endsWith(`.${key}`) || code?.startsWith(`${key}.`),
    ),
  )

describe('README', () => {
  it('has its examples', () => {
    assert.ok(blocks.length >= 6, `${blocks.length} blocks`)
    assert.ok(blocks.flatMap(promised).length >= 5)
  })

  for (const [i, block] of blocks.entries()) {
    it(`example ${i + 1} runs in a program of its own, and prints what it says`, { timeout: 60_000 }, async () => {
      const folder = temporaryFolder()
      mkdirSync(join(folder, 'node_modules'))
      symlinkSync(root, join(folder, 'node_modules/celeriac'))
      symlinkSync(join(root, 'node_modules/better-sqlite3'), join(folder, 'node_modules/better-sqlite3'))
      writeFileSync(join(folder, 'program.mjs'), block)
      const { stdout, stderr } = await run(process.execPath, ['program.mjs', '--run'], { cwd: folder, timeout: 50_000 })
      assert.equal(stderr, '')
      assert.deepEqual(stdout.split('\n').filter(Boolean), promised(block))
    })
  }

  it('names every option with its default, and what others call it', async () => {
    const { Celeriac } = await import('celeriac')
    const app = new Celeriac({ database: join(temporaryFolder(), 'unopened.db') })
    const task = app.task('some', () => {})
    const wrong = { 'no such option': 1 }
    const call = (options: object) => task.applyAsync([], options)
    const [ofApp, ofTask, ofCall] = [
      await knownOptions(() => new Celeriac(wrong as never)),
      await knownOptions(() => app.task('other', wrong as never, () => {})),
      await knownOptions(() => call(wrong)),
    ]
    assert.ok(ofApp.length >= 14 && ofTask.length >= 17 && ofCall.length >= 19)
    const named = [
      tableOf('option of `new Celeriac()`'),
      tableOf('option of `app.task()`'),
      tableOf('option of `applyAsync()`'),
    ]
    const elsewhere = tableOf('here')
    for (const [i, keys] of [ofApp, ofTask, ofCall].entries()) {
      for (const key of keys) {
        const row = rowOf(named[i] as string[][], key)
        assert.ok(row, `${key} has no row in the table of ${named[i]?.[0]?.[0]}`)
        assert.ok(row.slice(1).every(Boolean), `${key}: ${row.join(' | ')}`)
        if (key !== 'retention') assert.ok(rowOf(elsewhere, key), `nothing is said of what others call ${key}`)
      }
    }
    const nested = {
      pool: () => new Celeriac({ pool: wrong as never }),
      shutdown: () => new Celeriac({ shutdown: wrong as never }),
      retention: () => new Celeriac({ retention: wrong as never }),
      queues: () => new Celeriac({ queues: { mail: wrong as never } }),
      retry: () => app.task('other', { retry: wrong as never }, () => {}),
      concurrency: () => app.task('other', { concurrency: wrong as never }, () => {}),
      rateLimit: () => app.task('other', { rateLimit: wrong as never }, () => {}),
      unique: () => app.task('other', { unique: wrong as never }, () => {}),
    }
    const all = named.flat()
    for (const [option, make] of Object.entries(nested)) {
      const text = all.filter(([first]) => first?.includes(option)).join(' ')
      for (const key of await knownOptions(make))
        assert.match(text, new RegExp(`\\b${key}\\b`), `${option}.${key} is in no table`)
    }
  })

  it('explains every export that is an error', async () => {
    const { CeleriacError, ...exported } = await import('celeriac')
    const errors = Object.values(exported).filter(
      (value) => typeof value === 'function' && value.prototype instanceof CeleriacError,
    )
    assert.ok(errors.length > 25)
    for (const { name } of errors as { name: string }[]) assert.ok(readme.includes(name), `${name} is not in README.md`)
  })
})
