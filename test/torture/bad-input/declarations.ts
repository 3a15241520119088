/** Gives any value for any option of any call that takes some: it is taken, or refused in the library's own words. */

import { Celeriac, CeleriacError } from 'celeriac'
import fc from 'fast-check'
import { anything, TRAP } from './anything.ts'

const TYPED = /^[A-Z][A-Z0-9_]+$/

const name = (): fc.Arbitrary<unknown> => fc.oneof(fc.string(), anything())
const record = (keys: readonly string[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.dictionary(fc.constantFrom(...keys, 'mistyped'), anything(), { maxKeys: 3 }) },
    { weight: 1, arbitrary: anything() },
  )

const APP = [
  'name',
  'tasks',
  'timezone',
  'concurrency',
  'durability',
  'queues',
  'pool',
  'taskDefaults',
  'maxPayload',
  'retention',
  'shutdown',
  'redact',
  'logger',
]
const TASK = [
  'queue',
  'priority',
  'retry',
  'softTimeLimit',
  'timeLimit',
  'expires',
  'ignoreResult',
  'runIn',
  'rateLimit',
  'concurrency',
  'unique',
  'input',
  'codec',
  'onCrash',
]
const CALL = [
  'countdown',
  'eta',
  'expires',
  'queue',
  'priority',
  'retry',
  'timeLimit',
  'softTimeLimit',
  'taskId',
  'unique',
  'concurrencyKey',
  'link',
  'linkError',
  'ignoreResult',
  'headers',
  'tags',
]
const SCHEDULE = [
  'cron',
  'every',
  'at',
  'timezone',
  'misfire',
  'catchupWindow',
  'maxCatchup',
  'overlap',
  'jitter',
  'start',
  'end',
  'maxRuns',
  'paused',
  'run',
]

let apps = 0

function owner(): Celeriac {
  return new Celeriac({ name: `declarations-${++apps}`, tasks: import.meta.url })
}

/** What each call does with a first and a second value. Nothing is stored: the app never starts. */
const CALLS: Record<
  string,
  { first: fc.Arbitrary<unknown>; second: fc.Arbitrary<unknown>; call(a: never, b: never): unknown }
> = {
  'new Celeriac()': { first: record(APP), second: fc.constant(null), call: (options) => new Celeriac(options) },
  'app.task()': { first: name(), second: record(TASK), call: (a, b) => owner().task(a, b, () => 1) },
  'task.s().set()': {
    first: fc.constant(null),
    second: record(CALL),
    call: (_, b) => {
      const app = owner()
      const signature = app
        .task('t', () => 1)
        .s()
        .set(b)
      app.schedule('s', { every: '1m', run: signature })
    },
  },
  'app.schedule()': {
    first: name(),
    second: record(SCHEDULE),
    call: (a, b) => {
      const app = owner()
      const run = app.task('t', () => 1).s()
      app.schedule(a, typeof b === 'object' && b !== null && !('run' in b) ? ({ ...(b as object), run } as never) : b)
    },
  },
}

export function tryDeclarations(count: number, seed: number): { cases: number; violations: string[] } {
  const violations: string[] = []
  let cases = 0
  const kinds = Object.entries(CALLS)
  for (const [what, { first, second, call }] of kinds) {
    fc.assert(
      fc.property(first, second, (a, b) => {
        cases++
        try {
          call(a as never, b as never)
        } catch (error) {
          // A getter of the caller's own that throws is the caller's to hear of.
          if (error instanceof Error && error.message === TRAP) return
          if (!(error instanceof CeleriacError && TYPED.test(error.code)))
            violations.push(`${what} threw ${error instanceof Error ? (error.stack ?? '').slice(0, 400) : 'no error'}`)
        }
      }),
      { numRuns: Math.ceil(count / kinds.length), seed },
    )
  }
  return { cases, violations }
}
