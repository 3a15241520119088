import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Baseline, gateTable, judgeGate, outgrown } from '../../bench/gate/verdict.ts'
import { temporaryFolder } from '../fixtures/folder.ts'

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
    // Its own baseline: the committed one is of one Node.
    const file = join(temporaryFolder(), 'baseline.json')
    cpSync(fileURLToPath(new URL('../../../bench/baseline.json', import.meta.url)), file)
    const run = (args: string[], env = {}) =>
      new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
        const main = fileURLToPath(new URL('../../bench/main.js', import.meta.url))
        const all = [main, '--gate', '--only', 'statements', '--baseline', file, '--repeat', '3', ...args]
        execFile(process.execPath, all, { env: { ...process.env, ...env } }, (error, stdout, stderr) =>
          resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
        )
      })

    const before = JSON.parse(readFileSync(file, 'utf8')) as Baseline
    const updated = await run(['--update'])
    assert.equal(updated.code, 0, updated.stderr)
    const written = JSON.parse(readFileSync(file, 'utf8')) as Baseline
    assert.deepEqual(Object.keys(written.figures), Object.keys(before.figures))

    const slow = new URL('../fixtures/slow-claim.js', import.meta.url)
    const { code, stdout, stderr } = await run(['--json'], { NODE_OPTIONS: `--import ${slow}` })
    assert.equal(code, 1, stderr)
    const { ok, lines } = JSON.parse(stdout) as { ok: boolean; lines: { name: string; ok: boolean }[] }
    assert.equal(ok, false)
    assert.deepEqual(
      lines.filter((line) => !line.ok).map(({ name }) => name),
      ['claim'],
    )
  })
})
