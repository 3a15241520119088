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

  test('has a declaration beside every module, which the chunks are not', () => {
    const missing = files
      .filter((file) => file.endsWith('.js') && file.startsWith('dist/lib/') && !file.startsWith('dist/lib/chunks/'))
      .filter((file) => !files.includes(file.replace(/\.js$/, '.d.ts')))
    assert.deepEqual(missing, [])
  })

  test('imports no package but those it depends on', async () => {
    const { dependencies, peerDependencies } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'))
    const known = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)])
    const imported = new Set<string>()
    for (const file of files.filter((name) => /\.c?js$/.test(name) && !name.startsWith('dist/lib/dashboard/client/'))) {
      const text = await readFile(join(checkout, file), 'utf8')
      for (const [, specifier] of text.matchAll(/(?:^import |\bfrom |\bimport\()["']([^."'][^"']*)["']/gm)) {
        if (!specifier!.startsWith('node:')) imported.add(/^(?:@[^/]+\/)?[^/]+/.exec(specifier!)![0])
      }
    }
    assert.ok(imported.has('commander') && imported.has('hono'), [...imported].join(', '))
    assert.deepEqual(
      [...imported].filter((name) => !known.has(name)),
      [],
    )
  })

  test('is loaded from few files where a thread begins', async () => {
    // Each of them costs the thread half a millisecond of Node's loader, besides what is in it.
    for (const [entry, most] of [
      ['index', 8],
      ['engine/main', 5],
      ['worker/serve', 7],
    ] as const) {
      const loaded = await importsFrom(join(checkout, `dist/lib/${entry}.js`))
      assert.ok(loaded.size > 2 && loaded.size <= most, `${entry} loads ${[...loaded].join('\n')}`)
    }
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

/** What is loaded with a file, itself included. */
async function importsFrom(entry: string): Promise<Set<string>> {
  const reached = new Set([entry])
  for (const file of reached) {
    const text = await readFile(file, 'utf8')
    for (const [, specifier] of text.matchAll(/^(?:import|export)\b[^'"]*["'](\.[^"']+)["']/gm)) {
      reached.add(join(dirname(file), specifier!))
    }
  }
  return reached
}

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
