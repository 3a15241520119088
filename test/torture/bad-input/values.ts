/** Sends every kind of value through the whole of the library: it comes back as it was, or is refused with a reason. */
import { inspect, isDeepStrictEqual } from 'node:util'
import { type AsyncResult, CeleriacError, TaskFailure } from 'celeriac'
import { integer, type Random } from '../../crash/random.ts'
import { valueOfSeed } from './anything.ts'
import { echo, echoV8, rejects, returns, returnsV8, throws } from './app.ts'

/** Most values on their way at once. */
const BATCH = 100

const TYPED = /^[A-Z][A-Z0-9_]+$/
const PATIENCE = '60s'

/** What went wrong with the value of a seed, or null. */
type Trial = (seed: number) => Promise<string | null>

const TRIALS: Record<string, Trial> = {
  'argument, json': (seed) => sent(seed, () => echo.delay(valueOfSeed(seed)), true),
  'argument, v8': (seed) => sent(seed, () => echoV8.delay(valueOfSeed(seed)), false),
  'result, json': (seed) => returned(seed, () => returns.delay(seed), true),
  'result, v8': (seed) => returned(seed, () => returnsV8.delay(seed), false),
  thrown: (seed) => thrown(() => throws.delay(seed)),
  'rejected with': (seed) => thrown(() => rejects.delay(seed)),
}

async function sent(seed: number, delay: () => Promise<AsyncResult<unknown>>, json: boolean): Promise<string | null> {
  let handle: AsyncResult<unknown>
  try {
    handle = await delay()
  } catch (error) {
    return typed(error)
  }
  return sameAs(valueOfSeed(seed), await handle.get({ timeout: PATIENCE }), json)
}

async function returned(
  seed: number,
  delay: () => Promise<AsyncResult<unknown>>,
  json: boolean,
): Promise<string | null> {
  const handle = await delay()
  try {
    const value = await handle.get({ timeout: PATIENCE })
    const wanted = valueOfSeed(seed)
    // A task's promise is awaited; what it gives is the result.
    return sameAs(wanted instanceof Promise ? await wanted : wanted, value, json)
  } catch (error) {
    return failure(error)
  }
}

async function thrown(delay: () => Promise<AsyncResult<unknown>>): Promise<string | null> {
  const handle = await delay()
  try {
    return `ended with ${String(await handle.get({ timeout: PATIENCE }))}`
  } catch (error) {
    return failure(error)
  }
}

/** `undefined` as a whole comes back as null in JSON, and as a property is the same as none; nothing else may change. */
function sameAs(sent: unknown, received: unknown, json: boolean): string | null {
  if (sent === undefined && (received === null || received === undefined)) return null
  if (isDeepStrictEqual(sent, received)) return null
  // v8 gives what a message between threads would.
  if (isDeepStrictEqual(json ? asJsonObjects(sent) : structuredClone(sent), received)) return null
  // Node does not find an invalid Date in a Set again, nor NaN boxed in a Map.
  if (!json && inWords(structuredClone(sent)) === inWords(received)) return null
  return `came back as another value: ${inspect(sent)} as ${inspect(received)}`
}

const inWords = (value: unknown): string => inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null })

/** Plain objects and those without a prototype, at any depth, as JSON has them; everything else as it is. */
function asJsonObjects(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asJsonObjects)
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return value
  const kept = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(kept.map(([key, inner]) => [key, asJsonObjects(inner)]))
}

function typed(error: unknown): string | null {
  if (error instanceof CeleriacError && TYPED.test(error.code) && error.message.length > 10) return null
  return `refused with ${shown(error)}`
}

function failure(error: unknown): string | null {
  if (!(error instanceof TaskFailure)) return `failed with ${shown(error)}`
  const cause = error.cause
  if (!(cause instanceof Error)) return `failed with a cause that is no error: ${shown(cause)}`
  return typeof cause.message === 'string' && typeof cause.name === 'string' ? null : 'failed with a nameless error'
}

function shown(error: unknown): string {
  try {
    return String(error)
  } catch {
    return 'something that cannot be shown'
  }
}

export async function tryValues(count: number, random: Random, progress: (done: number) => void): Promise<string[]> {
  const violations: string[] = []
  const kinds = Object.entries(TRIALS)
  for (let done = 0; done < count; ) {
    const batch = Array.from({ length: Math.min(BATCH, count - done) }, async (_, i) => {
      const [kind, trial] = kinds[(done + i) % kinds.length] as [string, Trial]
      const seed = integer(random, 0, 2 ** 31 - 1)
      const wrong = await trial(seed).catch((error: unknown) => `the library threw ${shown(error)}`)
      if (wrong !== null) violations.push(`${kind} (value ${seed}): ${wrong}`)
    })
    done += batch.length
    await Promise.all(batch)
    progress(done)
  }
  return violations
}
