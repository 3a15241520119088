import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { before, describe, test } from 'node:test'
import { promisify } from 'node:util'

const checkout = join(import.meta.dirname, '../../..')

describe('the packed package', () => {
  let files: string[]

  before(async () => {
    // Without scripts: `prepack` builds, which would take dist/ away from the tests that are running from it.
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
    const { stdout } = await promisify(execFile)('npm', args, { cwd: checkout, maxBuffer: 16 * 1024 * 1024 })
    const [packed] = JSON.parse(stdout) as [{ files: { path: string }[] }]
    files = packed.files.map((file) => file.path).sort()
  })

  test('holds the compiled library, its declarations and four documents, and nothing else', () => {
    const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']
    assert.deepEqual(
      files.filter((file) => !/^dist\/lib\/.+\.(js|cjs|d\.ts)$/.test(file)),
      documents,
    )
    assert.ok(files.includes('dist/lib/index.js'))
    assert.ok(files.includes('dist/lib/worker/entry.cjs'))
    assert.ok(files.includes('dist/lib/index.d.ts'))
  })

  test('has a declaration beside every module', () => {
    const missing = files
      .filter((file) => file.endsWith('.js') && file.startsWith('dist/lib/'))
      .filter((file) => !files.includes(file.replace(/\.js$/, '.d.ts')))
    assert.deepEqual(missing, [])
  })

  test('runs no script of ours when it is installed', async () => {
    const { scripts } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'))
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) assert.ok(!(name in scripts), name)
  })

  test('names no registry host in what is committed for npm', async () => {
    const lock = await readFile(join(checkout, 'package-lock.json'), 'utf8')
    assert.doesNotMatch(lock, /"resolved"/)
  })

  test('shows no type of better-sqlite3 or piscina in any declaration a user can reach', async () => {
    const reached = new Map<string, string>()
    for (const entry of ['index.d.ts', 'dashboard/index.d.ts']) {
      const from = await declarationsFrom(join(checkout, 'dist/lib', entry))
      assert.ok(from.size > 1, `${entry} exports something`)
      for (const [file, text] of from) reached.set(file, text)
    }
    for (const [file, text] of reached) {
      assert.doesNotMatch(text, /(?:from|import\()\s*['"](?:better-sqlite3|piscina|hono)\b/, relative(checkout, file))
    }
  })
})

async function declarationsFrom(entry: string): Promise<Map<string, string>> {
  const reached = new Map<string, string>()
  const open = [entry]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue
    const text = await readFile(file, 'utf8')
    reached.set(file, text)
    for (const [, specifier] of text.matchAll(/(?:from|import\()\s*['"](\.[^'"]+)['"]/g)) {
      open.push(join(dirname(file), specifier!.replace(/\.[jt]s$/, '.d.ts')))
    }
  }
  return reached
}
