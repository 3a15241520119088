import { types } from 'node:util'
import { InvalidPayload } from '../errors.ts'

const DEEPEST = 1_000
const SHOWN_SEGMENTS = 24

const OR_V8 = "or use codec: 'v8'"

interface Walk {
  /** Containers between the root and the one being checked, to recognise cycles and depth. */
  readonly ancestors: object[]
  /** Keys from the offending value up to the root, innermost first; filled while a refusal travels up. */
  readonly keys: (string | number)[]
  refusal: string
  cause: { readonly error: unknown } | undefined
}

/** Of the last value that was accepted: making one anew costs as much as checking a small value. */
let idle: Walk | null = null

/**
 * JSON text of a value that JSON keeps whole; `undefined` members of plain objects are dropped, as JSON does.
 *
 * The value is checked first and then written by `JSON.stringify`: writing it in the same walk was 3 to 5 times slower
 * on arrays and objects of any size. So members are read twice; a getter that answers differently each time is stored
 * as it answered last.
 *
 * @param value what to encode
 * @param root name of the value in messages, such as `args`
 * @throws {InvalidPayload} when JSON would change or drop anything; the message begins with the path
 */
export function encodeStrictJson(value: unknown, root: string): string {
  // A getter may encode something of its own meanwhile.
  const walk: Walk = idle ?? { ancestors: [], keys: [], refusal: '', cause: undefined }
  idle = null
  try {
    if (accepts(value, walk)) {
      const text = JSON.stringify(value)
      idle = walk
      return text
    }
  } catch (error) {
    // Out of stack because the caller was deep already, or a text longer than a string can be.
    unreadable(walk, error)
  }
  const message = `${pathOf(root, walk.keys)} ${walk.refusal}`
  throw walk.cause === undefined
    ? new InvalidPayload(message)
    : new InvalidPayload(message, { cause: walk.cause.error })
}

/** Whether JSON keeps `value`; if not, `walk` says what is wrong and where. */
function accepts(value: unknown, walk: Walk): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      // Neither NaN nor an infinity, nor -0.
      if (value - value === 0 && (value !== 0 || 1 / value > 0)) return true
      break
    case 'object':
      return value === null || acceptsContainer(value, walk)
  }
  return refuse(walk, refusalOfPrimitive(value))
}

function acceptsContainer(value: object, walk: Walk): boolean {
  const { ancestors } = walk
  if (ancestors.includes(value)) return refuse(walk, CYCLE)
  if (ancestors.length >= DEEPEST) return refuse(walk, TOO_DEEP)
  ancestors.push(value)
  let key: string | number | undefined
  try {
    const prototype = Object.getPrototypeOf(value)
    if (Array.isArray(value)) {
      if (prototype !== Array.prototype && !isForeignArrayPrototype(prototype))
        return refuse(walk, refusalOfObject(value))
      const length = value.length
      for (key = 0; key < length; key++) {
        if (accepts(value[key], walk)) continue
        if (!(key in value)) walk.refusal = HOLE
        walk.keys.push(key)
        return false
      }
      key = undefined
      // Without holes, one more than `length` is a named property. No keys are made as text for a long array.
      const enumerable = length < 8 ? Object.keys(value).length : Object.values(value).length
      if (enumerable !== length) {
        const extra = extraKeyOf(value, length)
        if (extra !== undefined) return refuse(walk, extra)
      }
    } else {
      if (prototype !== Object.prototype && prototype !== null && !isForeignObjectPrototype(prototype)) {
        return refuse(walk, refusalOfObject(value))
      }
      for (key of Object.keys(value)) {
        const member = (value as Record<string, unknown>)[key]
        if (member === undefined || accepts(member, walk)) continue
        walk.keys.push(key)
        return false
      }
      key = undefined
    }
    // Any symbol, enumerable or not: this is also how `arguments`, Math and module namespaces show themselves.
    const symbols = Object.getOwnPropertySymbols(value)
    if (symbols.length > 0)
      return refuse(walk, `has the symbol key ${String(symbols[0])}, which JSON drops — pass a string key`)
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return refuse(walk, HAS_TO_JSON)
    ancestors.pop()
    return true
  } catch (error) {
    if (key !== undefined) walk.keys.push(key)
    return unreadable(walk, error)
  }
}

// Objects made in another realm (a vm context, as test runners use) have another Object.prototype; it alone owns
// `isPrototypeOf`, and Array.prototype alone is itself an array.
function isForeignObjectPrototype(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf')
}

function isForeignArrayPrototype(prototype: object | null): boolean {
  return Array.isArray(prototype) && isForeignObjectPrototype(Object.getPrototypeOf(prototype) ?? prototype)
}

function extraKeyOf(value: unknown[], length: number): string | undefined {
  for (const key of Object.keys(value)) {
    const index = Number(key)
    if (String(index) === key && Number.isInteger(index) && index >= 0 && index < length) continue
    return `is an array with the property ${JSON.stringify(key.slice(0, 100))}, which JSON drops — pass an object`
  }
  return undefined
}

const CYCLE = `refers back to an object that contains it — break the cycle ${OR_V8}`
const TOO_DEEP = `is nested more than ${DEEPEST} levels deep — flatten it`
const HOLE = 'is a hole in the array — pass null'
const HAS_TO_JSON = 'has a toJSON method — pass what it returns'

function refuse(walk: Walk, refusal: string): false {
  walk.refusal = refusal
  return false
}

function unreadable(walk: Walk, error: unknown): false {
  walk.cause = { error }
  return refuse(walk, 'threw an error when it was read (see cause) — pass plain data')
}

function refusalOfPrimitive(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return `is undefined, which JSON cannot hold here — pass null ${OR_V8}`
    case 'number':
      return Object.is(value, -0)
        ? `is -0, which JSON turns into 0 — pass 0 ${OR_V8}`
        : `is ${value}, which JSON turns into null — pass null or a finite number, ${OR_V8}`
    case 'bigint':
      return `is a BigInt — pass a string ${OR_V8}`
    case 'symbol':
      return 'is a symbol — pass a string'
    default:
      return 'is a function — pass the data it needs'
  }
}

function refusalOfObject(value: object): string {
  if (types.isDate(value)) return `is a Date — pass a string ${OR_V8}`
  if (types.isMap(value)) return `is a Map — pass a plain object ${OR_V8}`
  if (types.isSet(value)) return `is a Set — pass an array ${OR_V8}`
  if (Buffer.isBuffer(value)) return `is a Buffer — pass a base64 string ${OR_V8}`
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
    return `is ${withArticle(classNameOf(value) ?? 'typed array')} — pass an array or a base64 string, ${OR_V8}`
  }
  if (types.isRegExp(value)) return `is a RegExp — pass its source ${OR_V8}`
  if (types.isNativeError(value)) return `is ${withArticle(classNameOf(value) ?? 'Error')} — pass its message ${OR_V8}`
  if (types.isPromise(value)) return 'is a Promise — await it first'
  if (types.isBoxedPrimitive(value)) return `is a boxed ${classNameOf(value) ?? 'primitive'} — pass the plain value`
  const name = classNameOf(value)
  const what = name === undefined ? 'an object with a prototype of its own' : `an instance of ${name}`
  return `is ${what} — pass ${Array.isArray(value) ? 'a plain array' : 'a plain object'} with the fields the task needs`
}

function classNameOf(value: object): string | undefined {
  try {
    const name: unknown = value.constructor.name
    return typeof name === 'string' && name !== '' ? name.slice(0, 80) : undefined
  } catch {
    return undefined // a hostile or missing `constructor`
  }
}

function withArticle(name: string): string {
  return /^[AEIOU]/i.test(name) ? `an ${name}` : `a ${name}`
}

function pathOf(root: string, keysInnermostFirst: readonly (string | number)[]): string {
  const keys = keysInnermostFirst.toReversed()
  const segments = keys.map((key) => {
    if (typeof key === 'number') return `[${key}]`
    return /^[A-Za-z_$][\w$]{0,99}$/.test(key) ? `.${key}` : `[${JSON.stringify(key.slice(0, 100))}]`
  })
  if (segments.length <= SHOWN_SEGMENTS) return root + segments.join('')
  const half = SHOWN_SEGMENTS / 2
  return `${root}${segments.slice(0, half).join('')}…${segments.slice(-half).join('')}`
}
