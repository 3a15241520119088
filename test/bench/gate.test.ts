import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type Baseline, gateTable, judgeGate, outgrown } from '../../bench/gate/verdict.ts'
import { REAL_PACKAGE } from '../crash/children.ts'
import { patchedPackage, removePatchedPackages } from '../crash/patched-package.ts'

after(removePatchedPackages)

const baseline: Baseline = {
  on: 'Node 20',
  figures: {
    claim: { trial: 'statements', ratio: 3, tolerance: 1.2 },
    drain: { trial: 'whole', ratio: 5, tolerance: 1.4 },
  },
}
const claims = (...ratios: number[]) => ({
  statements: ratios.map((ratio) => ({ 'claim ours': ratio * 2, 'claim raw': 2 })),
})
const claim = (...ratios: number[]) => {
  const [line] = judgeGate(baseline, claims(...ratios))
  assert.ok(line)
  return line
}

describe('the gate', () => {
  it('judges by the median of the ratios, up to the tolerance', () => {
    assert.equal(claim(3.59).ok, true)
    assert.equal(claim(3.61).ok, false)
    assert.equal(claim(9, 3, 3.1).ok, true)
    assert.equal(claim(9, 9, 3.1).ok, false)
  })

  it('leaves out the trials that were not asked for, and refuses one that did not measure', () => {
    assert.deepEqual(
      judgeGate(baseline, claims(3)).map(({ name }) => name),
      ['claim'],
    )
    assert.throws(() => judgeGate(baseline, { whole: [{ 'drain ours': 1 }] }), /did not measure 'drain'/)
  })

  it('says what is slower, and what the baseline should follow', () => {
    assert.match(gateTable([claim(4)]), /claim +8\.0 +2\.0 +4\.00 +3\.00 +3\.60 +SLOWER/)
    assert.equal(outgrown(claim(2.6)), false)
    assert.equal(outgrown(claim(2.4)), true)
  })

  it('is tripped by a claim of one and a half times the time, and by nothing else', { timeout: 300_000 }, async () => {
    const slow = (call: string) => `const began = process.hrtime.bigint();
      ${call}
      const until = process.env.SLOW_CLAIM ? (process.hrtime.bigint() - began) * 3n / 2n : 0n;
      while (process.hrtime.bigint() - began < until);`
    const start = 'this.#start.run(owner, token, now, seq);'
    const page = 'return this.#page.all(queue, task, afterRank, afterSeq, limit);'
    const { root } = patchedPackage([
      { file: 'store/jobs/claim.js', find: start, put: slow(start) },
      { file: 'store/jobs/claim.js', find: page, put: `${slow(page.replace('return', 'const rows ='))} return rows;` },
    ])
    cpSync(join(REAL_PACKAGE.root, 'dist/bench'), join(root, 'dist/bench'), { recursive: true })
    mkdirSync(join(root, 'bench'))
    cpSync(join(REAL_PACKAGE.root, 'bench/baseline.json'), join(root, 'bench/baseline.json'))
    const run = (args: string[], env = {}) =>
      new Promise<{ code: number; stdout: string }>((resolve) => {
        const main = join(root, 'dist/bench/main.js')
        const all = [main, '--gate', '--only', 'statements', ...args]
        execFile(process.execPath, all, { env: { ...process.env, ...env } }, (error, stdout) =>
          resolve({ code: Number(error?.code ?? 0), stdout }),
        )
      })

    // Its own baseline: the committed one is of one Node.
    const before = readFileSync(join(root, 'bench/baseline.json'), 'utf8')
    assert.equal((await run(['--update', '--repeat', '1'])).code, 0)
    const { on: _, ...written } = JSON.parse(readFileSync(join(root, 'bench/baseline.json'), 'utf8')) as Baseline
    assert.deepEqual(Object.keys(written.figures), Object.keys((JSON.parse(before) as Baseline).figures))

    const { code, stdout } = await run(['--json', '--repeat', '1'], { SLOW_CLAIM: '1' })
    const { ok, lines } = JSON.parse(stdout) as { ok: boolean; lines: { name: string; ok: boolean }[] }
    assert.equal(code, 1)
    assert.equal(ok, false)
    assert.deepEqual(
      lines.filter((line) => !line.ok).map(({ name }) => name),
      ['claim'],
    )
  })
})
