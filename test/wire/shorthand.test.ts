import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import type { EnqueueBatch, JobShape, Reply, Request } from '../../lib/wire/messages.ts'
import { BriefReader, BriefWriter, batchOf, briefReply } from '../../lib/wire/shorthand.ts'
import { plainBatch } from '../fixtures/batch.ts'

type Enqueue = Request & { type: 'enqueue' }

const shapeOf = ({ ids: _ids, args: _args, ...shape }: EnqueueBatch, task: string): JobShape => ({ ...shape, task })
const job = (shape: JobShape, request: number, more?: Partial<EnqueueBatch>): Enqueue => {
  return { type: 'enqueue', request, batches: [{ ...shape, ids: [`id ${request}`], args: [`[${request}]`], ...more }] }
}

describe('a job of a shape that was told before', () => {
  const add = Object.freeze(shapeOf(plainBatch(['x']), 'add'))
  const send = Object.freeze(shapeOf(plainBatch(['x']), 'send'))
  let writer: BriefWriter
  let reader: BriefReader

  beforeEach(() => {
    writer = new BriefWriter()
    reader = new BriefReader()
  })

  /** Sends it as one thread does to another; returns what arrives, and whether that went in short. */
  function cross(message: Enqueue, shape: JobShape | null): { arrived: Enqueue; short: boolean } {
    const posted = structuredClone(writer.enqueue(message, shape))
    const short = Array.isArray(posted)
    const { remember: _, packed: __, ...arrived } = reader.read(posted) as Enqueue
    return { arrived, short }
  }

  it('is sent in short and arrives as it is, whichever of the shapes it is of', () => {
    const shapes = [add, send, add, send, send, add]
    const short = shapes.map((shape, i) => {
      const message = job(shape, i)
      const crossed = cross(message, shape)
      assert.deepEqual(crossed.arrived, message)
      return crossed.short
    })
    assert.deepEqual(short, [false, false, true, true, true, true])
  })

  it('is sent whole where it is not alone, has a key, or its shape is that of one call', () => {
    cross(job(add, 1), add)
    const whole: [Enqueue, JobShape | null][] = [
      [job(add, 2, { ids: ['a', 'b'], args: ['[]', '[]'] }), add],
      [job(add, 3, { keys: ['k'] }), add],
      [job(add, 4, { gateKeys: { concurrency: ['k'], rate: null } }), add],
      [{ ...job(add, 5), batches: [...job(add, 5).batches, ...job(send, 6).batches] }, null],
      ...[7, 8].map((request): [Enqueue, JobShape] => [job({ ...add, parentId: 'p' }, request), { ...add }]),
    ]
    for (const [message, shape] of whole) assert.deepEqual(cross(message, shape), { arrived: message, short: false })
    assert.deepEqual(cross(job(add, 9), add), { arrived: job(add, 9), short: true })
  })
})

describe('a batch of many jobs', () => {
  const shape = shapeOf(plainBatch(['x']), 'add')
  const texts = (n: number, text: (i: number) => string): string[] => Array.from({ length: n }, (_, i) => text(i))
  const cross = (batches: EnqueueBatch[]): { arrived: Enqueue; packed: unknown } => {
    const posted = structuredClone(
      new BriefWriter().enqueue({ type: 'enqueue', request: 1, batches }, shape),
    ) as Enqueue
    const whole = posted.packed?.map((jobs) => jobs !== null)
    const { packed: _, ...arrived } = new BriefReader().read(posted) as Enqueue
    return { arrived, packed: whole }
  }

  it('crosses as one text, and arrives as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 64, maxLength: 200 }), (args) => {
        const batches = [{ ...shape, ids: texts(args.length, (i) => `id ${i}`), args }]
        const crossed = cross(batches)
        assert.deepEqual(crossed, { arrived: { type: 'enqueue', request: 1, batches }, packed: [true] })
      }),
      { numRuns: 50 },
    )
  })

  it('beside others, with keys; not with arguments that are bytes', () => {
    const many = { ...shape, ids: texts(64, String), args: texts(64, (i) => `[${i}]`), keys: texts(64, (i) => `k${i}`) }
    const few = { ...shape, ids: ['a'], args: ['[]'] }
    const bytes = { ...shape, ids: texts(64, String), args: texts(64, String).map((text) => Buffer.from(text)) }
    assert.deepEqual(cross([many, few]), {
      arrived: { type: 'enqueue', request: 1, batches: [many, few] },
      packed: [true, false],
    })
    assert.equal(cross([bytes]).packed, undefined)
    assert.equal(cross([few, few]).packed, undefined)
  })
})

it('a batch has all that its shape has', () => {
  const shape: Required<JobShape> = {
    ...shapeOf(plainBatch(['x']), 'add'),
    unique: { onConflict: 'return', until: 'finished', within: null, debounce: null } as never,
    concurrency: { limit: 1, discard: false },
    rate: { starts: 1, per: 1_000 } as never,
  }
  assert.deepEqual(batchOf(shape, ['a'], ['[]']), { ...shape, ids: ['a'], args: ['[]'] })
})

describe('an answer', () => {
  it('is the number of a request that alone was stored, as it was asked for', () => {
    const several: Reply[] = [
      { type: 'stored', requests: [1, 2], duplicates: [] },
      { type: 'stored', requests: [1], duplicates: [[1, ['a', 'b', false]]] },
      { type: 'answer', request: 1, value: 1 },
    ]
    for (const reply of several) assert.equal(briefReply(reply), reply)
    assert.equal(briefReply({ type: 'stored', requests: [3], duplicates: [] }), 3)
  })
})
