/** The key of a unique job whose options give none: the same for the same encoded arguments. */
export function argumentsKey(encoded: string | Uint8Array): string {
  // Loaded at the first need: see job-id.ts.
  const { hash } = process.getBuiltinModule('node:crypto')
  return `arguments ${hash('sha256', encoded, 'base64url')}`
}
