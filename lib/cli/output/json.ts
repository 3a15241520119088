/** A value as JSON, whatever it holds: `codec: 'v8'` stores what JSON has no word for. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, replace, indent) ?? 'null'
}

function replace(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Map) return [...value]
  if (value instanceof Set) return [...value]
  if (value instanceof Error) return errorAsData(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof RegExp) return String(value)
  return value
}

export interface ErrorData {
  name: string
  message: string
  code?: unknown
  stack?: string
  cause?: unknown
  errors?: unknown[]
}

function errorAsData(error: Error): ErrorData {
  const { name, message, stack, cause } = error
  const { code, errors } = error as { code?: unknown; errors?: unknown[] }
  return {
    name,
    message,
    ...(code !== undefined && { code }),
    ...(stack !== undefined && { stack }),
    ...(cause !== undefined && { cause }),
    ...(errors !== undefined && { errors }),
  }
}
