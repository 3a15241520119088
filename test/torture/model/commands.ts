/** What may happen to jobs, in any order: each is done to the library and to the model, and both must agree. */
import fc from 'fast-check'
import { holdsPlace } from '../../../lib/engine/begin-watch.ts'
import type { LaneJob } from '../../../lib/pool/lane.ts'
import type { Begun } from '../../../lib/wire/begun-file.ts'
import { toWireError } from '../../../lib/wire/error-codec.ts'
import type { EnqueueBatch, Outcome } from '../../../lib/wire/messages.ts'
import { type Ending, type Held, isFinal, isMetered, type ModelJob, type NewJobs } from './job.ts'
import type { Model } from './model.ts'
import { DAY, HOUR, KEPT, METERS, MINUTE, PROCESSES, QUEUES, SCHEDULES, SECOND, WINDOW } from './setting.ts'
import type { World } from './world.ts'

type Step = fc.Command<Model, World>

const ERROR = toWireError(new Error('planned'))
let steps = 0

/** Steps made since the last call. */
export function takeSteps(): number {
  const made = steps
  steps = 0
  return made
}

/** One step; `run` does it to both. */
function step(text: string, run: (model: Model, world: World) => void, check?: (model: Model) => boolean): Step {
  return {
    check: (model) => check?.(model as Model) ?? true,
    run: (model, world) => {
      steps++
      run(model, world)
      world.compare(model)
    },
    toString: () => text,
  }
}

/** One of a list, by any number. */
const pick = <T>(list: readonly T[], index: number): T | undefined => list[index % list.length]
const index = fc.nat(1_000)
const who = fc.nat(PROCESSES - 1)

interface Call extends Omit<NewJobs, 'keys' | 'parent' | 'unique' | 'place' | 'meter'> {
  count: number
  parent: number | null
  /** The first unique key; the jobs of a call take one after the other. */
  key: number
  until: 'started' | 'finished'
  onConflict: 'existing' | 'replace' | 'error'
  place: number
  limit: 1 | 2
  discard: boolean
}

const call: fc.Arbitrary<Call> = fc.record({
  task: fc.constantFrom(
    'plain',
    'plain',
    'few',
    'fragile',
    'keyed',
    'keyed',
    'once',
    'once',
    'rated',
    'rated',
    'metered',
    'metered',
  ),
  queue: fc.constantFrom(...QUEUES),
  priority: fc.constantFrom(0, 0, 1, 5, 9),
  delay: fc.constantFrom(null, null, null, 0, SECOND, 10 * SECOND, MINUTE, 2 * HOUR),
  expires: fc.constantFrom(null, null, 0, SECOND, MINUTE, HOUR),
  maxAttempts: fc.constantFrom(1, 4),
  count: fc.constantFrom(1, 1, 2, 3),
  parent: fc.option(index, { freq: 3 }),
  key: fc.nat(2),
  until: fc.constantFrom('started', 'finished'),
  onConflict: fc.constantFrom('existing', 'replace', 'error'),
  place: fc.nat(1),
  limit: fc.constantFrom(1, 2),
  discard: fc.boolean(),
})

function newJobs(model: Model, call: Call): NewJobs {
  const { task, queue, priority, delay, expires, maxAttempts, count } = call
  const keys = Array.from({ length: count }, () => model.nextKey())
  const running = model.jobs.filter(({ state }) => state === 'STARTED')
  const unique = {
    keys: keys.map((_, i) => `u${(call.key + i) % 3}`),
    until: call.until,
    onConflict: call.onConflict,
  }
  return {
    ...{ keys, task, priority, delay, expires, maxAttempts },
    // Where nothing else holds them back.
    queue: task === 'metered' ? 'a' : queue,
    meter: task === 'metered' ? (METERS[call.place] as string) : null,
    parent: call.parent === null ? null : (pick(running, call.parent)?.key ?? null),
    unique: task === 'once' ? unique : null,
    place: task === 'keyed' ? { key: `keyed\nk${call.place}`, limit: call.limit, discard: call.discard } : null,
  }
}

function batchOf(
  { keys, delay, expires, parent, unique, place, meter, ...shape }: NewJobs,
  world: World,
): EnqueueBatch {
  const parentId = parent === null ? null : (world.ids.get(parent) ?? parent)
  return {
    ...shape,
    runAt: delay === null ? null : world.now + delay,
    expiresAt: expires === null ? null : world.now + expires,
    codec: 'json',
    options: place?.discard ? '{"discard":true}' : null,
    parentId,
    rootId: parentId,
    chosen: false,
    ids: keys,
    args: keys.map(() => '[]'),
    ...(unique && {
      unique: { until: unique.until, onConflict: unique.onConflict, within: null, debounce: null },
      keys: unique.keys,
    }),
    ...(meter !== null && {
      rate: { limit: 2, per: WINDOW },
      gateKeys: { concurrency: null, rate: keys.map(() => meter) },
    }),
    ...(place && {
      concurrency: { limit: place.limit, discard: place.discard },
      gateKeys: { concurrency: keys.map(() => place.key), rate: null },
    }),
  }
}

const enqueue = fc.tuple(who, call).map(([i, call]) =>
  step(`process ${i} enqueues ${JSON.stringify(call)}`, (model, world) => {
    const jobs = newJobs(model, call)
    const refused = model.enqueue(jobs)
    model.settle(i)
    const duplicates = world.process(i).enqueue([batchOf(jobs, world)])
    const told = duplicates.map(([id, existing]) => `${id} for ${world.keyOf(existing)}`).join()
    const meant = refused.map(([key, existing]) => `${key} for ${existing}`).join()
    if (told !== meant) throw new Error(`not stored: ${told}; the model refuses ${meant}`)
  }),
)

const claim = fc.tuple(who, fc.integer({ min: 1, max: 4 })).map(([i, most]) =>
  step(`process ${i} claims ${most}`, (model, world) => {
    const process = world.process(i)
    const before = process.held.length
    process.settle(most)
    const claimed = process.held.slice(before).map(({ row: [, , id, , , , , , , slot], id: key }) => {
      if (slot === null) return key
      return [...world.ids].find(([, known]) => known === id)?.[0] ?? id
    })
    const meant = model.settle(i, most, new Set(claimed))
    // A slot that fired in this very claim is not known by name yet.
    const fresh = (key: string): string => (key.includes('@') || !/^j\d/.test(key) ? 'tick' : key)
    const [names, meantNames] = [claimed.map(fresh), meant.map(fresh)]
    // Those that a rate lets in later than others of a worse rank are claimed after them.
    if (claimed.some((key) => metered(model, key))) {
      model.process(i).held = inOrderOf(claimed, model.process(i).held, before)
      names.sort()
      meantNames.sort()
    }
    if (names.join() !== meantNames.join())
      throw new Error(`claimed: ${claimed.join()}; the model claims ${meant.join()}`)
  }),
)

const ending = fc.constantFrom<Ending>('success', 'success', 'failure', 'retry', 'snooze', 'crash', 'give-back')
const settle = fc
  .tuple(who, index, ending, fc.constantFrom(0, SECOND, MINUTE, HOUR), fc.boolean())
  .map(([i, at, ending, delay, heard]) =>
    step(
      `process ${i} ends job ${at}: ${ending} ${delay} ${heard}`,
      (model, world) => {
        const process = world.process(i)
        const place = at % process.held.length
        const { at: startedAt, key } = model.process(i).held[place] as Held
        const job = process.release(place)
        const told = heard && model.job(key)?.revokeAsked === true
        const revoked = told ? 'asked' : undefined
        if (ending === 'give-back') process.settler.add({ kind: 'give-back', job })
        else if (ending === 'crash')
          process.settler.add({ kind: 'crash', job, error: ERROR, startedAt, fatal: job.task === 'metered' })
        else process.settler.add({ kind: 'outcome', job, outcome: outcomeOf(ending, startedAt, delay), revoked })
        process.settle()
        model.end(i, place, ending, delay, told)
        model.settle(i)
      },
      (model) => model.process(i).held.length > 0,
    ),
  )

const hear = fc.tuple(who, index).map(([i, at]) =>
  step(
    `process ${i} hears that job ${at} has begun`,
    (model, world) => {
      const process = world.process(i)
      const place = at % process.held.length
      const job = process.held[place] as LaneJob
      if (holdsPlace(job)) process.settler.began(job, world.now + 1)
      process.settle()
      model.hear(i, place, world.now + 1)
      model.settle(i)
    },
    (model) => model.process(i).held.length > 0,
  ),
)

/** The last of what the model holds, in the order in which the library claimed them; what has no name yet keeps its place. */
function inOrderOf(claimed: readonly string[], held: readonly Held[], from: number): Held[] {
  const fresh = held.slice(from)
  const named = new Set(fresh.map(({ key }) => key))
  const unnamed = fresh.filter(({ key }) => !claimed.includes(key))
  const ordered = claimed.flatMap((key) =>
    named.has(key) ? fresh.filter((one) => one.key === key) : unnamed.splice(0, 1),
  )
  return [...held.slice(0, from), ...ordered]
}

const metered = (model: Model, key: string): boolean => {
  const job = model.job(key)
  return job !== undefined && isMetered(job)
}

function outcomeOf(ending: Exclude<Ending, 'crash' | 'give-back'>, startedAt: number, delay: number): Outcome {
  if (ending === 'success') return ['success', 0, startedAt, 5, '1']
  if (ending === 'failure') return ['failure', 0, startedAt, 5, ERROR]
  return ending === 'retry' ? ['retry', 0, startedAt, 5, ERROR, delay] : ['snooze', 0, startedAt, 5, delay]
}

const rescue = fc.tuple(who, who, fc.option(fc.tuple(index, index))).map(([dead, by, marks]) =>
  step(
    `process ${by} takes over from process ${dead}, begun: ${marks?.join() ?? 'unknown'}`,
    (model, world) => {
      const { owner, held } = world.process(dead)
      // The jobs that it had begun, and among them those that its threads died under. A begin is noted before it is told.
      const begun: Begun | null = marks && { tokens: new Map(), last: new Set(), at: world.now }
      for (const [n, { token }] of held.entries()) {
        const told = model.process(dead).held[n]?.start?.told === true
        if (!begun || (!told && ((marks?.[0] ?? 0) >> n) % 2 === 0)) continue
        begun.tokens.set(token, 1)
        if (((marks?.[1] ?? 0) >> n) % 2 === 1) begun.last.add(token)
      }
      const tokens = new Map(model.process(dead).held.map(({ key }, n) => [key, held[n]?.token as number]))
      const process = world.process(by)
      const row = process.store.processes.all().find(({ id }) => id === owner)
      if (!row) throw new Error(`process ${owner} has no row`)
      process.rescue(row, begun)
      model.rescue(dead, begun, tokens)
      model.settle(by)
    },
    (model) => dead !== by && !model.process(dead).undead,
  ),
)

const revive = who.map((i) =>
  step(
    `process ${i} begins anew`,
    (model, world) => model.begin(i, world.begin(i)),
    (model) => model.process(i).undead,
  ),
)

const LINES = ['queue:a', 'queue:b', 'task:plain', 'task:keyed', 'task:tick']
const pause = fc.tuple(who, fc.constantFrom(...LINES), fc.boolean()).map(([i, line, paused]) =>
  step(`process ${i} ${paused ? 'pauses' : 'resumes'} ${line}`, (model, world) => {
    const [kind, name] = line.split(':') as ['queue' | 'task', string]
    const process = world.process(i)
    process.edit((now) => {
      process.dispatcher.gates.refresh()
      if (paused) process.store.controls.pause({ kind, name }, now)
      else process.store.controls.resume({ kind, name })
    })
    process.dispatcher.gates.refresh()
    process.dispatcher.openAll()
    if (paused) model.paused.add(line)
    else model.paused.delete(line)
    model.settle(i)
  }),
)

const pauseSchedule = fc.tuple(who, fc.constantFrom(...Object.keys(SCHEDULES)), fc.boolean()).map(([i, name, paused]) =>
  step(`process ${i} ${paused ? 'pauses' : 'resumes'} schedule ${name}`, (model, world) => {
    world.process(i).pauseSchedule(name, paused)
    model.schedules.pause(name, paused)
    model.settle(i)
  }),
)

const revoke = fc.tuple(who, index).map(([i, at]) =>
  step(`process ${i} revokes job ${at}`, (model, world) => {
    const key = pick(model.jobs, at)?.key
    const process = world.process(i)
    if (key !== undefined) {
      const id = world.ids.get(key) as string
      process.edit((now) => process.store.revocations.revoke(id, false, 'asked', now))
      model.revoke(key)
    } else process.settle()
    model.settle(i)
  }),
)

/** Jobs under a key's rate that died are left out: whether they are waited for depends on who was let in. */
const retryable = (model: Model): ModelJob[] =>
  model.jobs.filter((job) => isFinal(job) && !(isMetered(job) && job.crashes > 0))

const retry = fc.tuple(who, index).map(([i, at]) =>
  step(
    `process ${i} retries job ${at}`,
    (model, world) => {
      const { key } = pick(retryable(model), at) as { key: string }
      const process = world.process(i)
      const done = process.edit((now) => {
        const job = process.store.retries.steered(world.ids.get(key) as string)
        if (!job || !process.store.retries.retry(job, now)) return false
        process.dispatcher.open(job.queue, job.task)
        return true
      })
      const meant = model.retry(key)
      if (done !== meant) throw new Error(`${key} ${done ? 'is' : 'is not'} retried; the model says ${meant}`)
      model.settle(i)
    },
    (model) => retryable(model).length > 0,
  ),
)

const JUMPS = [
  1,
  100,
  SECOND,
  10 * SECOND,
  MINUTE,
  10 * MINUTE,
  HOUR,
  5 * HOUR,
  DAY,
  10 * DAY,
  -200,
  -2 * SECOND,
  -HOUR,
  -DAY,
]
const clock = fc
  .oneof(
    { weight: 5, arbitrary: fc.constantFrom(1, 100, SECOND, 10 * SECOND, MINUTE) },
    { weight: 3, arbitrary: fc.constantFrom(...JUMPS) },
  )
  .map((by) =>
    step(`the clock moves by ${by}`, (model, world) => {
      model.setClock(model.now + by)
      world.setClock(world.now + by)
    }),
  )

const turn = who.map((i) =>
  step(`process ${i} wakes up`, (model, world) => {
    world.process(i).settle()
    model.settle(i)
  }),
)

const fail = who.map((i) => step(`the next commit of process ${i} fails`, (_, world) => world.process(i).failNext()))

const KEEP = Object.fromEntries(Object.entries(KEPT).map(([state, age]) => [state, { age, count: null }]))
const prune = who.map((i) =>
  step(`process ${i} prunes`, (model, world) => {
    const process = world.process(i)
    const retention = KEEP as unknown as Parameters<typeof process.store.pruning.look>[0]
    const page = process.store.pruning.look(retention, 0, 500, world.now)
    const before = new Set(model.jobs.map(({ key }) => key))
    process.edit(() => process.store.pruning.remove(page, () => 500))
    // A clock that was set back leaves the order of arrival unlike the order of times, and some of them lie until another walk.
    const gone = new Set(model.prunable().map(({ key }) => key))
    const left = world.keys()
    for (const key of before) if (!left.has(key) && !gone.has(key)) throw new Error(`${key} was deleted too early`)
    model.jobs = model.jobs.filter(({ key }) => left.has(key))
    model.settle(i)
  }),
)

const WEIGHTS: [fc.Arbitrary<Step>, number][] = [
  [enqueue, 7],
  [claim, 7],
  [settle, 7],
  [hear, 2],
  [clock, 4],
  [turn, 2],
  [revoke, 2],
  [retry, 2],
  [rescue, 1],
  [revive, 1],
  [pause, 1],
  [pauseSchedule, 1],
  [fail, 1],
  [prune, 1],
]

export function histories(most: number): fc.Arbitrary<Iterable<Step>> {
  const all = WEIGHTS.flatMap(([arbitrary, weight]) => Array.from({ length: weight }, () => arbitrary))
  return fc.commands(all, { maxCommands: most, size: 'max' })
}
