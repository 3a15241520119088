import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type CpuProfile, framesOf, threadOf } from '../../bench/flame/profile.ts'
import { flameGraph } from '../../bench/flame/svg.ts'
import { temporaryFolder } from '../fixtures/folder.ts'

const node = (id: number, functionName: string, url: string, children: number[] = []) => ({
  id,
  callFrame: { functionName, url, lineNumber: 9, columnNumber: 0 },
  children,
})

const PROFILE: CpuProfile = {
  nodes: [
    node(1, '(root)', '', [2, 5]),
    node(2, 'run', 'file:///home/me/dist/lib/engine/turn.js', [3, 4]),
    node(3, 'write<T>', 'file:///home/me/dist/lib/store/store.js'),
    node(4, 'write<T>', 'file:///home/me/dist/lib/store/store.js'),
    node(5, '(idle)', ''),
  ],
  samples: [2, 3, 5, 4, 5],
  timeDeltas: [1_000, 2_000, 50_000, 4_000, 50_000],
}

describe('the flame graph', () => {
  const root = framesOf(PROFILE)

  it('adds up time under those who called, without idling', () => {
    assert.equal(root.total, 7_000)
    const [run] = root.children.values()
    assert.deepEqual([run?.name, run?.place, run?.total], ['run', 'lib/engine/turn.js:10', 7_000])
    assert.deepEqual(
      [...(run?.children.values() ?? [])].map(({ name, total }) => [name, total]),
      [['write<T>', 6_000]],
    )
  })

  it('draws frames as wide as their share, and escapes their names', () => {
    const svg = flameGraph('a & b', [{ name: threadOf(root, 1), root }])
    assert.match(svg, /engine: 7 ms of CPU/)
    assert.match(svg, /write&lt;T&gt; lib\/store\/store.js:10\n6.0 ms, 85.7 % of engine/)
    const widths = [...svg.matchAll(/<rect x="[\d.]+" y="\d+" width="([\d.]+)"/g)].map((match) => Number(match[1]))
    assert.deepEqual(widths, [1_199.5, 1_199.5, 1_028.1])
    assert.doesNotMatch(svg, /<script|a & b/)
  })

  it('is drawn of every thread of a case', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder()
    const main = fileURLToPath(new URL('../../bench/main.js', import.meta.url))
    const file = join(folder, 'out', 'drain.svg')
    await promisify(execFile)(process.execPath, [main, '--only', 'drain', '--quick', '--flame', file, '--dir', folder])
    const svg = readFileSync(file, 'utf8')
    for (const thread of ['application', 'engine', 'pool thread'])
      assert.match(svg, new RegExp(`>${thread}[^<]*ms of CPU<`))
    assert.match(svg, /lib\/store\/jobs\/claim\.js/)
  })
})
