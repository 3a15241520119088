/** Some of the planted bugs, a part of each suite; all of them: `npm run torture -- --planted`. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { REAL_PACKAGE } from '../crash/children.ts'
import { patched } from '../crash/patched-package.ts'
import { describeHunt, hunt, PLANTED } from './planted.ts'
import { SUITES } from './suites.ts'

const SHORT = PLANTED.filter(({ short }) => short)

test('there are 25 planted bugs at least, no two alike, each for a suite that there is', () => {
  assert.ok(PLANTED.length >= 25, `${PLANTED.length}`)
  assert.ok(SHORT.length >= 10, `${SHORT.length} in npm test`)
  assert.equal(new Set(PLANTED.map(({ suite, title }) => `${suite} ${title}`)).size, PLANTED.length)
  for (const { suite, title, patches } of PLANTED) {
    assert.ok(
      SUITES.some(({ name }) => name === suite),
      suite,
    )
    assert.equal(new Set(patches.map(({ file }) => file)).size, 1, `${title}: one bug, one file`)
  }
})

describe('a planted bug is found by the suite that is meant for it:', { concurrency: 2 }, () => {
  for (const bug of SHORT) {
    test(`${bug.suite}: ${bug.title}`, async (t) => {
      const hunted = await hunt(bug, 1)
      if (hunted.missing) return t.skip(hunted.missing)
      t.diagnostic(describeHunt(hunted))
      assert.notEqual(hunted.found, null)
    })
  }
})

test('every patch stands where it is planted', () => {
  const lib = join(REAL_PACKAGE.root, 'dist/modules')
  for (const { patches, conditions = [] } of PLANTED) {
    const sources = new Map<string, string>()
    for (const patch of [...conditions, ...patches]) {
      const source = sources.get(patch.file) ?? readFileSync(join(lib, patch.file), 'utf8')
      sources.set(patch.file, patched(source, patch))
    }
  }
})

test('a patch whose text is not there, or there twice, is refused', () => {
  for (const find of ['no such text', 'const']) {
    assert.throws(() => patched('const const', { file: 'x.js', find, put: '' }), /planted bug needs it once/)
  }
})
