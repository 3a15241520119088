import { CeleriacError } from '../errors.ts'

/** Exit codes; 69 and 75 are EX_UNAVAILABLE and EX_TEMPFAIL of sysexits.h. */
export const OK = 0
export const FAILED = 1
export const USAGE = 2
export const NO_WORKER = 69
export const BUSY = 75

/** Ends a command with a code, and a line of talk that says why. */
export class CommandFailed extends Error {
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/** How a command is wrongly used. */
export function wrongUse(message: string): never {
  throw new CommandFailed(USAGE, message)
}

const CODES: Readonly<Record<string, number>> = { DATABASE_LOCKED: BUSY, INVALID_OPTION: USAGE }

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandFailed) return error.exitCode
  const code = (error as { code?: unknown } | null)?.code
  return (typeof code === 'string' && CODES[code]) || FAILED
}

/** What is said of an error: ours name the fact and the fix, of others the stack is wanted too. */
export function explanation(error: unknown): string {
  if (error instanceof CommandFailed) return error.message
  if (error instanceof CeleriacError || isOwn(error)) return `${error.message} (${error.code})`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** The application may have another copy of the library, whose classes are not ours. */
function isOwn(error: unknown): error is CeleriacError {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'string' && error.name !== 'Error'
}
