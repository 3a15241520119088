import { encodeStrictJson } from '../domain/strict-json.ts'
import { InvalidPayload, PayloadTooLarge } from '../errors.ts'

/** How arguments and results are stored: strict JSON text, or V8's structured clone (Map, Set, Date, BigInt, Buffer …). */
export type Codec = 'json' | 'v8'

/** Loaded at the first need: most jobs are JSON, and `import` would load what it is made of in every thread. */
let loaded: typeof import('node:v8') | null = null
function v8(): typeof import('node:v8') {
  loaded ??= process.getBuiltinModule('node:v8')
  return loaded
}

/** What SQLite stores: TEXT for JSON, BLOB for V8, NULL for no value. */
export type Payload = string | Uint8Array | null

/**
 * Encodes one value.
 * @param root how error messages call the value, such as `args` or `result`
 * @param limit most bytes the encoded value may have
 * @throws InvalidPayload when the codec would drop or change something; PayloadTooLarge above `limit`
 */
export function encode(value: unknown, codec: Codec, root: string, limit: number): string | Uint8Array {
  const payload = codec === 'json' ? encodeStrictJson(value, root) : encodeV8(value, root)
  // A UTF-16 unit is at most 3 bytes of UTF-8: exact counting is needed only near the limit.
  if (payload.length * 3 > limit) {
    const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength
    if (bytes > limit) {
      throw new PayloadTooLarge(
        `${root} takes ${bytes} bytes, more than maxPayload (${limit}) — store the data elsewhere and pass its key, or raise maxPayload`,
      )
    }
  }
  return payload
}

/** @throws InvalidPayload when the codec did not write this: the row was changed from outside, or the file is damaged */
export function decode(payload: Payload, codec: Codec): unknown {
  if (payload === null) return undefined
  try {
    if (codec === 'v8') return v8().deserialize(payload as Uint8Array)
    return JSON.parse(payload as string)
  } catch (error) {
    throw new InvalidPayload(
      `a stored value cannot be read as ${codec}: ${error instanceof Error ? error.message : String(error)} — its row was changed from outside, or the file is damaged: see "celeriac doctor"`,
      { cause: error },
    )
  }
}

function encodeV8(value: unknown, root: string): Uint8Array {
  try {
    return v8().serialize(value)
  } catch (error) {
    throw new InvalidPayload(
      `${root} cannot be stored: ${error instanceof Error ? error.message : 'it cannot be cloned'} — pass plain data`,
      { cause: error },
    )
  }
}
