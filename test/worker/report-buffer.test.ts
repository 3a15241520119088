import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { TailWatch } from '../../lib/engine/tail-watch.ts'
import { Lane } from '../../lib/pool/lane.ts'
import { linesOf } from '../../lib/wire/log-lines.ts'
import { LogTail } from '../../lib/wire/log-tail.ts'
import type { LogChunk } from '../../lib/wire/messages.ts'
import { ReportBuffer } from '../../lib/worker/report-buffer.ts'

/** The longest that a line may stay unreadable while its job runs, in ms. */
const PROMISED = 500

function bufferWith(tail: LogTail | null) {
  const sent: LogChunk[] = []
  const progress: string[] = []
  const buffer = new ReportBuffer({
    tail,
    logs: (chunks) => void sent.push(...chunks),
    progress: (_, value) => void progress.push(value),
    cancelled: () => false,
    commit: () => undefined,
  })
  return { buffer, sent, progress }
}

const textsOf = (chunks: LogChunk[]): string[] =>
  chunks.flatMap(([, , lines]) => linesOf(lines).map(({ text }) => text))

describe('what a running task reports', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] }))
  afterEach(() => mock.timers.reset())

  it('reaches the engine in time while its thread is busy', () => {
    const lane = new Lane(0, 0, 0)
    const taken: LogChunk[] = []
    const watch = new TailWatch(
      () => [lane],
      (_, chunk) => void taken.push(chunk),
    )
    const { buffer, sent } = bufferWith(new LogTail(lane.logTail.buffer))
    lane.outstanding.set(0, {} as never)
    watch.watch()
    for (const round of [0, 1, 2]) {
      buffer.log(0, 'info', `${round}, one`)
      buffer.log(0, 'info', `${round}, two`)
      mock.timers.tick(PROMISED)
    }
    assert.deepEqual(textsOf(taken), ['0, one', '0, two', '1, one', '1, two', '2, one', '2, two'])
    assert.deepEqual(
      taken.map(([position, part]) => [position, part]),
      [
        [0, 0],
        [0, 1],
        [0, 2],
      ],
    )
    buffer.log(0, 'info', 'last')
    buffer.finish(0)
    buffer.flush()
    assert.deepEqual([textsOf(sent), sent[0]?.[1]], [['last'], 3])
    lane.outstanding.clear()
    // Nothing runs: nobody looks.
    mock.timers.tick(PROMISED)
    buffer.log(1, 'info', 'unseen')
    mock.timers.tick(PROMISED)
    assert.equal(taken.length, 3)
    watch.stop()
    lane.port.close()
    lane.remotePort.close()
  })

  it('reaches the engine in time from a thread that has no tail', () => {
    const { buffer, sent } = bufferWith(null)
    for (const position of [0, 1]) buffer.log(position, 'info', `of ${position}`)
    assert.equal(sent.length, 0)
    mock.timers.tick(PROMISED)
    assert.deepEqual(textsOf(sent), ['of 0', 'of 1'])
    buffer.log(0, 'warn', 'again')
    mock.timers.tick(PROMISED)
    assert.deepEqual(
      sent.map(([position, part]) => [position, part]),
      [
        [0, 0],
        [1, 0],
        [0, 1],
      ],
    )
  })

  it('is sent at once when it has no room in the tail, and counts its parts on', () => {
    const tail = new LogTail()
    const { buffer, sent } = bufferWith(new LogTail(tail.buffer))
    buffer.log(4, 'info', 'short')
    buffer.log(4, 'info', 'x'.repeat(8_000))
    assert.deepEqual(
      sent.map(([position, part, lines]) => [position, part, lines.length > 8_000]),
      [
        [4, 0, false],
        [4, 1, true],
      ],
    )
    buffer.log(4, 'info', 'after')
    assert.deepEqual(tail.take()?.slice(0, 2), [4, 2])
    buffer.finish(4)
    buffer.flush()
    assert.equal(sent.length, 2)
  })
})
