/** How many processes died by SIGKILL in one run of tests and were then judged: a byte each, in a file that all test files append to. */
import { appendFileSync, readFileSync } from 'node:fs'

const VARIABLE = 'CRASH_KILL_COUNT'

/** What the tests are started with, so that they count in this file. */
export const countingIn = (file: string): NodeJS.ProcessEnv => ({ [VARIABLE]: file })

export function countKill(): void {
  const file = process.env[VARIABLE]
  if (file !== undefined) appendFileSync(file, '.')
}

export const killsCounted = (file: string): number => readFileSync(file).length
