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

  it('explains every export that is an error', async () => {
    const { CeleriacError, ...exported } = await import('celeriac')
    const errors = Object.values(exported).filter(
      (value) => typeof value === 'function' && value.prototype instanceof CeleriacError,
    )
    assert.ok(errors.length > 25)
    for (const { name } of errors as { name: string }[]) assert.ok(readme.includes(name), `${name} is not in README.md`)
  })
})
