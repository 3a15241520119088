/** The checker itself: a clean history passes, and each broken promise is found and named. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, type Invariant } from './check.ts'
import type { CrashEvent, What } from './events.ts'
import type { FinalFile, FinalJob } from './final-file.ts'

const events = (...list: (What & { pid?: number; at?: number })[]): CrashEvent[] =>
  list.map((event, line) => ({ pid: 1, at: line, ...event }))

const asked: What = { what: 'asked', key: 'a' }
const acknowledged: What = { what: 'acknowledged', key: 'a', id: 'id-a' }
const began = (run: string, attempt = 1): What & { pid: number } => ({
  what: 'began',
  key: 'a',
  run,
  attempt,
  pid: Number(run.split('.')[0]),
})
const effect = (run: string, ends: 'returns' | 'throws' = 'returns'): What & { pid: number } => ({
  what: 'effect',
  key: 'a',
  run,
  ends,
  pid: Number(run.split('.')[0]),
})
const kill = (victim: number): What => ({ what: 'kill', victim })
const reported = (value: unknown, state = 'SUCCESS'): What => ({
  what: 'reported',
  key: 'a',
  state,
  value,
})

const job = (changes: Partial<FinalJob> = {}): FinalJob => ({
  seq: 1,
  id: 'id-a',
  key: 'a',
  task: 'busy',
  state: 'SUCCESS',
  attempt: 1,
  maxAttempts: 1,
  crashes: 0,
  finishedAt: 100,
  schedule: null,
  scheduledFor: null,
  result: '1.1.1',
  error: null,
  attempts: [],
  ...changes,
})
const file = (jobs: FinalJob[] = [job()], changes: Partial<FinalFile> = {}): FinalFile => ({
  integrity: 'ok',
  jobs,
  orders: new Set(),
  slots: [],
  counters: Object.fromEntries(jobs.map(({ state }) => [state, jobs.filter((other) => other.state === state).length])),
  processes: 0,
  litter: [],
  ...changes,
})
const lost = job({
  state: 'FAILURE',
  attempt: 3,
  crashes: 3,
  result: undefined,
  error: { name: 'WorkerLost', code: 'WORKER_LOST', message: 'lost' },
  attempts: [1, 2, 3].map((number) => ({ number, outcome: 'crash' })),
})
const again = job({ result: '2.1.1', attempt: 2, crashes: 1, attempts: [{ number: 1, outcome: 'crash' }] })
const thrown = job({
  state: 'FAILURE',
  result: undefined,
  error: { name: 'Error', message: 'planned by 1.1.1' },
  attempts: [{ number: 1, outcome: 'failure' }],
})
const slot = { schedule: 's', slot: 7, outcome: 'fired', jobId: 'id-a' }
const slotJob = job({ key: 'a', schedule: 's', scheduledFor: 7 })
const whole = [asked, acknowledged, began('1.1.1'), effect('1.1.1'), reported('1.1.1')]

const clean: [string, CrashEvent[], FinalFile][] = [
  ['a job that ran', events(...whole), file()],
  ['a job that was never acknowledged and is not there', events(asked, kill(1)), file([])],
  ['a job that was never acknowledged and ran', events(asked, began('1.1.1'), effect('1.1.1')), file()],
  [
    'a job that ran again after a kill',
    events(asked, acknowledged, began('1.1.1'), kill(1), began('2.1.1', 2), effect('2.1.1')),
    file([again]),
  ],
  [
    'a job whose outcome died on its way, its attempt given back',
    events(asked, began('1.1.1'), effect('1.1.1'), kill(1), began('2.1.1'), effect('2.1.1')),
    file([job({ result: '2.1.1' })]),
  ],
  [
    'a job that was retried',
    events(asked, began('1.1.1'), effect('1.1.1', 'throws'), began('1.1.2', 2), effect('1.1.2')),
    file([job({ attempt: 2, maxAttempts: 2, result: '1.1.2', attempts: [{ number: 1, outcome: 'retry' }] })]),
  ],
  [
    'a job whose error died on its way before it was thrown again and retried',
    events(
      ...[asked, began('1.1.1'), effect('1.1.1', 'throws'), kill(1), began('2.1.1'), effect('2.1.1', 'throws')],
      ...[began('2.1.2', 2), effect('2.1.2')],
    ),
    file([job({ attempt: 2, maxAttempts: 2, result: '2.1.2', attempts: [{ number: 1, outcome: 'retry' }] })]),
  ],
  ['a job that failed', events(asked, began('1.1.1'), effect('1.1.1', 'throws')), file([thrown])],
  [
    'a job that three processes died under',
    events(asked, began('1.1.1'), kill(1), began('2.1.1', 2), kill(2), began('3.1.1', 3), kill(3)),
    file([lost]),
  ],
  [
    'a transaction that was rolled back',
    events({ ...asked, within: true }, { what: 'rolled-back', key: 'a' }),
    file([]),
  ],
  ['a slot that fired', events(began('1.1.1'), effect('1.1.1')), file([slotJob], { slots: [slot] })],
]

for (const [title, log, end] of clean) {
  test(`passes ${title}`, () => assert.deepEqual(check(log, end, { threads: 1 }).violations, []))
}

const broken: [Invariant, string, CrashEvent[], FinalFile][] = [
  ['I1', 'a lost job', events(asked, acknowledged, kill(1)), file([])],
  ['I1', 'a job stored under another id', events(...whole), file([job({ id: 'other' })])],
  [
    'I1',
    'a committed row without its job',
    events({ ...asked, within: true }, acknowledged),
    file([], { orders: new Set(['a']) }),
  ],
  ['I2', 'a job that nobody asked for', events(began('1.1.1'), effect('1.1.1')), file()],
  ['I2', 'a job that ran before it was asked for', events(began('1.1.1'), asked, effect('1.1.1')), file()],
  [
    'I2',
    'a job that outlived its transaction',
    events({ ...asked, within: true }, { what: 'rolled-back', key: 'a' }, began('1.1.1'), effect('1.1.1')),
    file([job()], { orders: new Set(['a']) }),
  ],
  [
    'I2',
    'a job without the row of its transaction',
    events({ ...asked, within: true }, began('1.1.1'), effect('1.1.1')),
    file(),
  ],
  ['I3', 'a job stored twice', events(...whole), file([job(), job({ seq: 2, id: 'id-b' })])],
  ['I3', 'a result other than the reported one', events(...whole.slice(0, 4), reported('other')), file()],
  ['I3', 'a state other than the reported one', events(...whole.slice(0, 4), reported('x', 'FAILURE')), file()],
  ['I3', 'a success without its result', events(...whole.slice(0, 4)), file([job({ result: undefined })])],
  ['I3', 'a result that no run returned', events(...whole.slice(0, 4)), file([job({ result: '9.9.9' })])],
  ['I3', 'a job failed as lost too soon', events(asked, began('1.1.1'), kill(1)), file([{ ...lost, attempts: [] }])],
  ['I4', 'a run after the reported end', events(...whole, kill(1), began('2.1.1', 2)), file()],
  ['I4', 'a run after the stored end', events(...whole.slice(0, 4), kill(1), { ...began('2.1.1'), at: 200 }), file()],
  [
    'I5',
    'an attempt number that falls',
    events(asked, began('1.1.1', 2), kill(1), began('2.1.1', 1), effect('2.1.1')),
    file([job({ result: '2.1.1' })]),
  ],
  [
    'I5',
    'more runs than attempts',
    events(asked, began('1.1.1'), effect('1.1.1', 'throws'), began('1.1.2', 2), effect('1.1.2')),
    file([job({ attempt: 2, result: '1.1.2' })]),
  ],
  [
    'I5',
    'a job begun again after three deaths under it',
    events(
      asked,
      ...[1, 2, 3, 4].flatMap((n) => [
        began(`${n}.1.1`, n),
        { what: 'dying', key: 'a', run: `${n}.1.1`, scope: 'process', pid: n } as const,
      ]),
    ),
    file([{ ...lost, attempt: 4 }]),
  ],
  [
    'I6',
    'two runs at the same time',
    events(asked, began('1.1.1'), began('2.1.1', 2), effect('1.1.1'), effect('2.1.1')),
    file([again]),
  ],
  ['I7', 'a job that never ended', events(asked, acknowledged, began('1.1.1')), file([job({ state: 'STARTED' })])],
  [
    'I8',
    'a slot that fired twice',
    events(began('1.1.1')),
    file([slotJob, { ...slotJob, id: 'b' }], { slots: [slot] }),
  ],
  ['I8', 'a slot noted without its job', events(), file([], { slots: [slot] })],
  ['I8', 'a job of a slot that never fired', events(began('1.1.1'), effect('1.1.1')), file([slotJob])],
  ['I11', 'a damaged file', events(...whole), file([job()], { integrity: 'row 1 missing from index' })],
  ['I11', 'a dead process on the books', events(...whole), file([job()], { processes: 1 })],
  ['I11', 'a job that ended and is not counted', events(...whole), file([job()], { counters: {} })],
  ['I11', 'a crash that is counted and not listed', events(...whole), file([job({ crashes: 1 })])],
  ['I12', 'a second run for no reason', events(asked, began('1.1.1'), effect('1.1.1'), began('1.1.2', 2)), file()],
  [
    'I12',
    'more extra runs than the faults explain',
    events(
      { what: 'asked', key: 'b' },
      { what: 'began', key: 'b', run: '1.2.1', attempt: 1 },
      ...[asked, began('1.1.1'), kill(1), began('2.1.1', 2), effect('2.1.1')],
      { what: 'began', key: 'b', run: '2.2.1', attempt: 2, pid: 2 },
      { what: 'effect', key: 'b', run: '2.2.1', ends: 'returns', pid: 2 },
    ),
    file([again, { ...again, seq: 2, id: 'id-b', key: 'b', result: '2.2.1' }]),
  ],
]

test('allows for each time that the same process was stopped', () => {
  const stop: What = { what: 'stop', victim: 1 }
  const again = (key: string, line: number): (What & { pid?: number })[] => [
    { what: 'began', key, run: `1.1.${line}`, attempt: 1 },
    stop,
    { what: 'began', key, run: `1.1.${line + 1}`, attempt: 1 },
    { what: 'effect', key, run: `1.1.${line + 1}`, ends: 'returns' },
  ]
  const log = events(asked, { what: 'asked', key: 'b' }, ...again('a', 1), ...again('b', 3))
  const { violations, faults, extraRuns } = check(log, file(), { threads: 1 })
  assert.deepEqual([faults, extraRuns], [2, 2])
  assert.deepEqual(
    violations.filter(({ invariant }) => invariant === 'I12'),
    [],
  )
})

for (const [invariant, title, log, end] of broken) {
  test(`finds ${title} (${invariant})`, () => {
    const found = check(log, end, { threads: 1 }).violations.map((violation) => violation.invariant)
    assert.ok(found.includes(invariant), `found ${found.join(', ') || 'nothing'}`)
  })
}
