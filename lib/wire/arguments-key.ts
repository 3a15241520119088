import { hash } from 'node:crypto'

/** The key of a unique job whose options give none: the same for the same encoded arguments. */
export function argumentsKey(encoded: string | Uint8Array): string {
  return `arguments ${hash('sha256', encoded, 'base64url')}`
}
