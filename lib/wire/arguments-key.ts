import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** The key of a unique job whose options give none: the same for the same encoded arguments. */
export function argumentsKey(encoded: string | Uint8Array): string {
  // Loaded at the first need: see job-id.ts.
  const { hash } = require('node:crypto') as typeof import('node:crypto')
  return `arguments ${hash('sha256', encoded, 'base64url')}`
}
