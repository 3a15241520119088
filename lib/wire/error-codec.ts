import { inspect } from 'node:util'
import * as errors from '../errors.ts'
import { isObject, isText, readJson } from './stored-json.ts'

/** An error as it crosses threads and is stored: structured clone drops custom fields, and a thrown value may be hostile. */
export interface WireError {
  name: string
  message: string
  stack?: string
  code?: string
  cause?: WireError
  errors?: WireError[]
  /** Of InvalidInput. */
  issues?: Issue[]
}

interface Issue {
  message: string
  path?: string
}

const MAX_MESSAGE = 8_192
const MAX_STACK = 16_384
const MAX_DEPTH = 5
const MAX_ERRORS = 20
/** Errors kept of one tree in all: an AggregateError that holds itself 20 times would else be written 3 million times. */
const MAX_TOTAL = 50

/** Never throws, whatever was thrown: null, a proxy, a getter that throws, a circular cause. */
export function toWireError(thrown: unknown): WireError {
  return convert(thrown, 0, { left: MAX_TOTAL })
}

function convert(thrown: unknown, depth: number, budget: { left: number }): WireError {
  budget.left--
  try {
    return isErrorLike(thrown) ? fromError(thrown, depth, budget) : fromValue(thrown)
  } catch {
    return { name: 'Error', message: 'a value was thrown that cannot be read' }
  }
}

function isErrorLike(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
}

function fromError(error: Error, depth: number, budget: { left: number }): WireError {
  const wire: WireError = {
    name: clip(read(error, 'name') ?? 'Error', 256),
    message: clip(read(error, 'message') ?? '', MAX_MESSAGE),
  }
  const stack = read(error, 'stack')
  if (stack !== undefined) wire.stack = clip(stack, MAX_STACK)
  const code = read(error, 'code')
  if (code !== undefined) wire.code = clip(code, 256)
  if (error instanceof errors.InvalidInput) wire.issues = issuesOf(error)
  if (depth >= MAX_DEPTH || budget.left <= 0) return wire
  const cause = field(error, 'cause')
  if (cause !== undefined && cause !== null) wire.cause = convert(cause, depth + 1, budget)
  const list = field(error, 'errors')
  if (Array.isArray(list)) {
    wire.errors = []
    for (let i = 0; i < Math.min(list.length, MAX_ERRORS) && budget.left > 0; i++)
      wire.errors.push(convert(list[i], depth + 1, budget))
  }
  return wire
}

function issuesOf(error: errors.InvalidInput): Issue[] {
  const issues = field(error, 'issues')
  if (!Array.isArray(issues)) return []
  return Array.from(issues.slice(0, MAX_ERRORS), (issue: object) => {
    const path = read(issue, 'path')
    return {
      message: clip(read(issue, 'message') ?? '', 1_000),
      ...(path !== undefined && { path: clip(path, 1_000) }),
    }
  })
}

function fromValue(value: unknown): WireError {
  return {
    name: 'ThrownValue',
    message: clip(`${describe(value)} was thrown; throw an Error to keep a stack`, MAX_MESSAGE),
  }
}

function describe(value: unknown): string {
  try {
    return inspect(value, { depth: 2, maxStringLength: 1_000, maxArrayLength: 20, customInspect: false })
  } catch {
    return `a ${typeof value}`
  }
}

function field(error: object, key: string): unknown {
  try {
    return (error as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}

function read(error: object, key: string): string | undefined {
  const value = field(error, key)
  if (typeof value === 'string') return value
  return typeof value === 'number' ? String(value) : undefined
}

function clip(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}… (${text.length - limit} more characters)`
}

const NATIVE: Record<string, new (message: string) => Error> = {
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  URIError,
  EvalError,
}

/** An error from a row of the file, whatever stands there. Never throws. */
export function readWireError(text: string): WireError {
  return wireErrorOf(readJson(text), 0, { left: MAX_TOTAL }) ?? UNREADABLE_ERROR
}

const UNREADABLE_ERROR: WireError = {
  name: 'InvalidPayload',
  message:
    'the stored error cannot be read — its row was changed from outside, or the file is damaged: see "celeriac doctor"',
  code: 'INVALID_PAYLOAD',
}

function wireErrorOf(value: unknown, depth: number, budget: { left: number }): WireError | null {
  if (!isObject(value) || !isText(value.name) || !isText(value.message) || depth > MAX_DEPTH + 1 || budget.left-- <= 0)
    return null
  const wire: WireError = { name: value.name, message: value.message }
  if (isText(value.stack)) wire.stack = value.stack
  if (isText(value.code)) wire.code = value.code
  const cause = wireErrorOf(value.cause, depth + 1, budget)
  if (cause) wire.cause = cause
  if (Array.isArray(value.errors))
    wire.errors = value.errors.flatMap((one) => wireErrorOf(one, depth + 1, budget) ?? [])
  if (Array.isArray(value.issues))
    wire.issues = value.issues.flatMap((issue): Issue[] =>
      isObject(issue) && isText(issue.message)
        ? [{ message: issue.message, ...(isText(issue.path) && { path: issue.path }) }]
        : [],
    )
  return wire
}

type OwnErrorClass = { readonly prototype: Error; readonly name: string }
const OWN = new Map<string, OwnErrorClass>(
  Object.values(errors)
    .filter((c) => c !== errors.CeleriacError)
    .map((c) => [c.name, c as unknown as OwnErrorClass]),
)

/** The error again, as an instance of its class where the class is ours or the language's. */
export function fromWireError(wire: WireError): Error {
  const own = OWN.get(wire.name)
  const error = own
    ? (Object.create(own.prototype) as Error)
    : wire.errors
      ? new AggregateError([], wire.message)
      : new (NATIVE[wire.name] ?? Error)(wire.message)
  define(error, 'name', wire.name)
  define(error, 'message', wire.message)
  define(error, 'stack', wire.stack ?? `${wire.name}: ${wire.message}`)
  if (wire.code !== undefined) define(error, 'code', wire.code, true)
  if (wire.cause) define(error, 'cause', fromWireError(wire.cause))
  if (wire.errors) define(error, 'errors', wire.errors.map(fromWireError))
  if (error instanceof errors.InvalidInput) define(error, 'issues', wire.issues ?? [])
  return error
}

function define(target: Error, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(target, key, { value, enumerable, configurable: true, writable: true })
}
