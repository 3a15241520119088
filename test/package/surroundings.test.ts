/** Where the library cannot work as it was installed or joined with other code, it says so at the first call. */
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'
import { freshDatabase, temporaryFolder } from '../fixtures/folder.ts'

type Library = typeof import('celeriac')

const checkout = join(import.meta.dirname, '../../..')
const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** A copy whose better-sqlite3 has this as its native half, or none. */
async function libraryWith(native: string | null): Promise<Library> {
  const root = temporaryFolder()
  const modules = join(root, 'node_modules')
  const driver = join(modules, 'better-sqlite3')
  cpSync(join(checkout, 'package.json'), join(root, 'package.json'))
  cpSync(join(checkout, 'dist/lib'), join(root, 'dist/lib'), {
    recursive: true,
    filter: (path) => !/\.(map|d\.ts)$/.test(path),
  })
  mkdirSync(driver, { recursive: true })
  for (const name of readdirSync(join(checkout, 'node_modules'))) {
    if (name !== 'better-sqlite3') symlinkSync(join(checkout, 'node_modules', name), join(modules, name))
  }
  for (const part of ['package.json', 'lib']) {
    cpSync(join(checkout, 'node_modules/better-sqlite3', part), join(driver, part), { recursive: true })
  }
  if (native !== null) {
    mkdirSync(join(driver, 'build/Release'), { recursive: true })
    writeFileSync(join(driver, 'build/Release/better_sqlite3.node'), native)
  }
  return (await import(pathToFileURL(join(root, 'dist/lib/index.js')).href)) as Library
}

describe('a better-sqlite3 that this Node cannot load', () => {
  const cases = [
    ['whose install script did not run', null, /\(Could not locate the bindings file\.\)/],
    ['that was built for something else', 'of another machine', /better_sqlite3\.node/],
  ] as const
  for (const [name, native, reason] of cases) {
    test(`is a mismatch: one ${name}`, async () => {
      const { Celeriac, DriverMismatch, Reader } = await libraryWith(native)
      const database = freshDatabase()
      const app = new Celeriac({ database, logger: silent })
      const noop = app.task('noop', { runIn: 'main' }, () => 1)
      const isMismatch = (error: unknown): boolean => {
        assert.ok(error instanceof DriverMismatch, String(error))
        assert.match(
          error.message,
          /^better-sqlite3 [\d.]+ does not load on Node v[\d.]+ \([^\n]+\) — run "npm rebuild/,
        )
        assert.match(error.message, reason)
        return true
      }
      await assert.rejects(app.start(), isMismatch)
      await assert.rejects(noop.delay(), isMismatch)
      await app.stop()
      assert.deepEqual(readdirSync(dirname(database)), [])
      writeFileSync(database, '')
      const reader = Reader.open(database)
      await assert.rejects(reader.overview(), isMismatch)
      await reader.close()
    })
  }
})

describe('the library joined with other code', () => {
  for (const format of ['esm', 'cjs'] as const) {
    test(`says that it must not be: ${format}`, async () => {
      const folder = temporaryFolder()
      symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'))
      const bundle = await rolldown({
        input: join(checkout, 'dist/lib/index.js'),
        platform: 'node',
        external: [/^[^./]/],
        transform: { target: 'esnext' },
        logLevel: 'silent',
      })
      const file = join(folder, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs')
      await bundle.write({ file, format, codeSplitting: false })
      await bundle.close()
      const joined = (await import(pathToFileURL(file).href)) as Library
      const database = freshDatabase()
      assert.throws(() => new joined.Celeriac({ database }), {
        code: 'LIBRARY_BUNDLED',
        message:
          /^the program of Celeriac's engine thread is not at .+: a bundler .+ — keep "celeriac" out of the bundle/,
      })
      assert.equal(existsSync(database), false)
    })
  }
})
