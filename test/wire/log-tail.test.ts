import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { beginPart, linesOf, nextLine } from '../../lib/wire/log-lines.ts'
import { LogTail } from '../../lib/wire/log-tail.ts'

/** The engine's side and the thread's, of the same memory. */
function bothSides(): [engine: LogTail, thread: LogTail] {
  const engine = new LogTail()
  return [engine, new LogTail(engine.buffer)]
}

const textsOf = (lines: string): string[] => linesOf(lines).map(({ text }) => text)

describe('the tail of a log', () => {
  it('shows the engine the part that the thread writes, until one of them takes it', () => {
    const [engine, thread] = bothSides()
    assert.equal(engine.take(), null)
    assert.ok(thread.begin(7, 0, beginPart(1_000, 'info', 'one “line”')))
    assert.equal(thread.append(nextLine(5, 'error', 'two\nlines')), 'added')
    const [position, part, lines] = engine.take() ?? assert.fail('nothing there')
    assert.deepEqual([position, part], [7, 0])
    assert.deepEqual(linesOf(lines), [
      { at: 1_000, level: 'info', text: 'one “line”' },
      { at: 1_005, level: 'error', text: 'two\nlines' },
    ])
    assert.equal(engine.take(), null)
    assert.equal(thread.append(nextLine(1, 'info', 'three')), 'taken')
    assert.ok(thread.begin(7, 1, beginPart(2_000, 'warn', 'three')))
    assert.equal(thread.withdraw(), true)
    assert.equal(engine.take(), null)
    assert.ok(thread.begin(8, 0, beginPart(3_000, 'debug', 'four')))
    assert.deepEqual(engine.take()?.slice(0, 2), [8, 0])
    assert.equal(thread.withdraw(), false)
  })

  it('has room for so many lines, and says when it has no more', () => {
    const [engine, thread] = bothSides()
    assert.equal(thread.begin(1, 0, beginPart(0, 'info', 'x'.repeat(6_000))), false)
    assert.equal(engine.take(), null)
    assert.ok(thread.begin(1, 0, beginPart(0, 'info', 'first')))
    const line = nextLine(0, 'info', '€'.repeat(100))
    let added = 1
    while (thread.append(line) === 'added') added++
    assert.equal(thread.append(line), 'full')
    assert.ok(added > 40 && added < 60, String(added))
    assert.equal(textsOf(engine.take()?.[2] ?? '').length, added)
  })

  it('gives each line to one side once, in order, whoever is faster', async () => {
    const tail = new LogTail()
    const count = 20_000
    const enough = new Int32Array(new SharedArrayBuffer(4))
    let written = 0
    const sent = new Set<number>()
    const taken = new Set<number>()
    const add = (to: Set<number>, lines: string): void => {
      let last = -1
      for (const text of textsOf(lines)) {
        const number = Number(text)
        assert.ok(number > last && !sent.has(number) && !taken.has(number), `line ${number} twice, or after ${last}`)
        to.add(number)
        last = number
      }
    }
    const writer = new Worker(new URL('../fixtures/tail-writer.js', import.meta.url), {
      workerData: { buffer: tail.buffer, count, enough },
    })
    writer.on('message', (said: string | number) => {
      if (typeof said === 'number') written = said
      else add(sent, said)
    })
    let done = false
    const ended = new Promise<void>((resolve, reject) => {
      writer.on('error', reject)
      writer.on('exit', () => {
        done = true
        resolve()
      })
    })
    while (!done) {
      for (let i = 0; i < 100; i++) {
        const chunk = tail.take()
        if (chunk) add(taken, chunk[2])
      }
      if (taken.size > 0) Atomics.store(enough, 0, 1)
      await new Promise(setImmediate)
    }
    await ended
    const left = tail.take()
    if (left) add(taken, left[2])
    assert.ok(written >= count)
    assert.equal(sent.size + taken.size, written)
    assert.ok(sent.size > 0 && taken.size > 0, `${sent.size} sent, ${taken.size} taken`)
  })
})
