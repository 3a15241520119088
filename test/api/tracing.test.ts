/** Spans of calls and attempts, the context between them, the channels below, and hooks around attempts. */
// Alone in its process: sets the tracer of the process.
import assert from 'node:assert/strict'
import { tracingChannel } from 'node:diagnostics_channel'
import { after, before, describe, test } from 'node:test'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import Database from 'better-sqlite3'
import type { EnqueueMessage } from 'celeriac'
import { freshDatabase } from '../fixtures/folder.ts'
import { until } from '../fixtures/until.ts'

const database = freshDatabase()
process.env.TRACED_DATABASE = database
const { app, exporter, whereAmI, onMain, fails, ignored, wrapped } = await import('../fixtures/traced-tasks.ts')

const spansOf = (id: string): Promise<ReadableSpan[]> =>
  until(() => {
    const spans = exporter.getFinishedSpans().filter((span) => span.attributes['messaging.message.id'] === id)
    return spans.length > 0 && spans
  }, `spans of ${id}`)

describe('traces', { concurrency: false }, () => {
  before(() => app.start())
  after(() => app.stop())

  test('a call and its attempt are one trace, in this thread and in the pool', async () => {
    const tracer = trace.getTracer('test')
    const request = tracer.startSpan('GET /')
    const { context } = await import('@opentelemetry/api')
    const handle = await context.with(trace.setSpan(context.active(), request), () => onMain.delay())
    request.end()
    const seen = await handle.get({ timeout: '20s' })
    const spans = await until(async () => {
      const found = await spansOf(handle.id)
      return found.length === 2 && found
    }, 'both spans')
    const producer = spans.find(({ kind }) => kind === SpanKind.PRODUCER)
    const consumer = spans.find(({ kind }) => kind === SpanKind.CONSUMER)
    assert.ok(producer && consumer)
    assert.deepEqual([producer.name, consumer.name], ['enqueue loop', 'process loop'])
    assert.equal(producer.spanContext().traceId, request.spanContext().traceId)
    assert.equal(producer.parentSpanContext?.spanId, request.spanContext().spanId)
    assert.equal(consumer.parentSpanContext?.spanId, producer.spanContext().spanId)
    assert.deepEqual([seen.traceId, seen.spanId], [request.spanContext().traceId, consumer.spanContext().spanId])
    assert.deepEqual(
      [consumer.attributes['messaging.system.name'], consumer.attributes['celeriac.task.attempt']],
      ['celeriac', 1],
    )

    const inPool = await whereAmI.delay()
    const there = await inPool.get({ timeout: '20s' })
    const [sent] = await spansOf(inPool.id)
    assert.equal(there.traceId, sent?.spanContext().traceId, 'the pool thread goes on with the trace')
    assert.notEqual(there.spanId, sent?.spanContext().spanId, 'in a span of its own')
    assert.ok(there.traceparent?.includes(sent?.spanContext().spanId as string))
  })

  test('a failed attempt says so, and the next one is linked rather than a child', async () => {
    const handle = await fails.delay()
    await until(() => handle.ready(), 'the end')
    const spans = await until(async () => {
      const found = await spansOf(handle.id)
      return found.length === 3 && found
    }, 'three spans')
    const [first, second] = spans.filter(({ kind }) => kind === SpanKind.CONSUMER)
    const producer = spans.find(({ kind }) => kind === SpanKind.PRODUCER)
    assert.ok(first && second && producer)
    for (const span of [first, second]) {
      assert.deepEqual(span.status, { code: SpanStatusCode.ERROR, message: 'out of paper' })
      assert.equal(span.attributes['error.type'], 'RangeError')
    }
    assert.equal(first.parentSpanContext?.spanId, producer.spanContext().spanId)
    assert.equal(second.parentSpanContext, undefined)
    assert.deepEqual(second.links[0]?.context.spanId, producer.spanContext().spanId)

    const quiet = await ignored.delay()
    await until(() => quiet.ready(), 'the end')
    const consumer = await until(
      async () => (await spansOf(quiet.id)).find(({ kind }) => kind === SpanKind.CONSUMER),
      'its span',
    )
    assert.equal(consumer.status.code, SpanStatusCode.UNSET)
  })

  test('many calls share a span, and those of a transaction have theirs', async () => {
    exporter.reset()
    await onMain.delayMany([[], [], []], { headers: { own: 'kept' } })
    const span = await until(() => exporter.getFinishedSpans().find(({ name }) => name === 'enqueue loop'), 'its span')
    assert.equal(span.attributes['messaging.batch.message_count'], 3)
    const db = new Database(database)
    const handle = db.transaction(() => whereAmI.within(db).delay()).immediate()
    db.close()
    const [sent] = await spansOf(handle.id)
    assert.equal((await handle.get({ timeout: '20s' })).traceId, sent?.spanContext().traceId)
  })

  test('a slot of a schedule has a producer span with the time it was stored at, and none for a retry', async () => {
    exporter.reset()
    await app.schedules.set('slots', { cron: '@yearly', run: onMain.s() })
    const handle = await app.schedules.trigger('slots')
    const spans = await until(async () => {
      const found = await spansOf(handle.id)
      return found.length === 2 && found
    }, 'both spans')
    const producer = spans.find(({ kind }) => kind === SpanKind.PRODUCER)
    const consumer = spans.find(({ kind }) => kind === SpanKind.CONSUMER)
    assert.ok(producer && consumer)
    assert.equal(consumer.parentSpanContext?.spanId, producer.spanContext().spanId)
    const { enqueuedAt, scheduledFor } = (await handle.info())!
    const [seconds, nanoseconds] = producer.startTime
    assert.equal(Math.round(seconds * 1_000 + nanoseconds / 1_000_000), enqueuedAt.getTime())
    assert.equal(producer.attributes['celeriac.schedule.slot'], scheduledFor?.toISOString())

    await app.schedules.set('fails', { cron: '@yearly', run: fails.s() })
    const failing = await app.schedules.trigger('fails')
    const kinds = await until(async () => {
      const found = (await spansOf(failing.id)).map(({ kind }) => kind)
      return found.length >= 3 && found
    }, 'the spans of both attempts')
    assert.deepEqual(kinds, [SpanKind.PRODUCER, SpanKind.CONSUMER, SpanKind.CONSUMER])
  })

  test('hooks around an attempt nest, the first outermost, and give its result', async () => {
    assert.equal(await (await wrapped.delay('core')).get({ timeout: '20s' }), 'outer(inner(core))')
    const refused = await wrapped.delay('refused')
    await assert.rejects(refused.get({ timeout: '20s' }), (error: Error) => /not today/.test(String(error.cause)))
  })

  test('subscribers of the channels are told, and what they add to the headers is stored', async () => {
    const told: string[] = []
    const calls = {
      start: (data: object) => {
        const message = data as EnqueueMessage
        told.push(`start ${message.app} ${message.task} ${message.queue} ${message.count}`)
        message.headers.tenant = 'blue'
      },
      end: () => {},
      asyncStart: () => {},
      asyncEnd: (data: object) => told.push(`stored ${(data as EnqueueMessage).ids.length}`),
      error: (data: object) => told.push(`error ${((data as EnqueueMessage).error as Error).name}`),
    }
    const running = { start: () => told.push('run'), end: () => {}, asyncStart: () => {}, error: () => {} }
    const finished = { ...running, asyncEnd: (data: object) => told.push(`ran ${(data as { name: string }).name}`) }
    tracingChannel('celeriac:enqueue').subscribe(calls as never)
    tracingChannel('celeriac:run').subscribe(finished as never)
    const handle = await onMain.applyAsync([], { headers: { own: 'kept' } })
    await handle.get({ timeout: '20s' })
    await assert.rejects(onMain.applyAsync([], { queue: 5 as never }))
    tracingChannel('celeriac:enqueue').unsubscribe(calls as never)
    tracingChannel('celeriac:run').unsubscribe(finished as never)
    const runs = told.filter((line) => /^(run|ran .*)$/.test(line))
    assert.deepEqual(runs, ['run', 'ran on_main'])
    // A job may run before its caller hears that it is stored.
    assert.deepEqual(
      told.filter((line) => !runs.includes(line)),
      ['start traced on_main loop 1', 'stored 1', 'start traced on_main 5 1', 'error InvalidOption', 'stored 0'],
    )
    const info = await handle.info()
    assert.deepEqual([info?.headers.own, info?.headers.tenant], ['kept', 'blue'])
  })
})
