/** What a process left behind, held against what it said. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Package, REAL_PACKAGE } from '../../crash/children.ts'
import { broken, heldBy, reopen, tornTransactions } from '../power-cut/image.ts'
import type { Promised } from '../power-cut/promised.ts'
import { type Ended, type Fault, run } from '../watched/program.ts'
import { type Aim, aimsOf, missedAim } from './aims.ts'
import type { Operation } from './operation.ts'

const TYPED = /^[A-Z][A-Z0-9_]+$/

export interface Left {
  where: string
  operation: Operation
  /** By whoever died, and by whoever lived on. */
  said: readonly string[]
  /** What the file held before. */
  held: readonly Promised[]
  database: string
}

type Performed = Operation | 'prepare' | 'hold' | 'drain' | 'survive'

export const command = ({ root }: Package, operation: Performed, database: string): string[] => [
  join(root, 'dist/test/torture/last-call/operations.js'),
  operation,
  database,
]

export async function perform(operation: 'prepare' | 'drain', database: string): Promise<void> {
  const { code, signal, errors } = await run(command(REAL_PACKAGE, operation, database), join(database, '..'))
  if (code !== 0) throw new Error(`${operation} ended with ${signal ?? code}: ${errors.slice(-2_000)}`)
}

/** Lets a process die on a file with jobs that another one is to rescue. */
export async function hold(database: string): Promise<void> {
  const { code, signal, errors } = await run(command(REAL_PACKAGE, 'hold', database), join(database, '..'))
  if (signal !== 'SIGKILL') throw new Error(`hold ended with ${signal ?? code}: ${errors.slice(-2_000)}`)
}

/** What is wrong with the way in which a process ended, or null. */
export function endedWell({ how }: Fault, { code, signal, errors }: Ended): string | null {
  // One that is to be killed may take another path this time, and never reach the call.
  const well = how === 'kill' ? signal === 'SIGKILL' || code === 0 : signal === null
  // A process may refuse to go on, with a reason; it may not hang or die of it.
  return well ? null : `ended with ${signal ?? code}: ${errors.slice(-600)}`
}

/** What an operation that finds this file must leave in it; it may prune what has ended. */
export function holds(database: string, operation: Operation): Promised[] {
  return heldBy(reopen(database)).filter((promised) => operation !== 'prune' || 'stored' in promised)
}

/** @param drained a whole process then ends what was left */
export async function judge({ operation, said, held, database }: Left, drained: boolean): Promise<string[]> {
  const wrong: string[] = []
  const promises: Promised[] = [...held]
  const aims: Aim[] = aimsOf(operation)
  for (const line of said) {
    const spoken: unknown = JSON.parse(line)
    if (typeof spoken !== 'object' || spoken === null) continue
    if ('missed' in spoken || 'copied' in spoken) aims.push(spoken as Aim)
    else if (!('refused' in spoken)) promises.push(spoken as Promised)
    // The commit of the application's own connection is refused in the driver's words.
    else if (operation !== 'within' && !TYPED.test(String(spoken.refused)))
      wrong.push(`refused without a code: ${String(spoken.refused)}`)
  }
  if (operation === 'migrate' && !existsSync(database)) return wrong
  wrong.push(...look(database, promises), ...(await missedAim(database, aims)))
  if (wrong.length === 0 && drained) {
    try {
      await perform('drain', database)
      const later = [...look(database, promises), ...(await missedAim(database, aims))]
      wrong.push(...later.map((text) => `after the next process: ${text}`))
    } catch (error) {
      wrong.push(`the next process: ${String(error)}`)
    }
  }
  return wrong
}

function look(database: string, promises: readonly Promised[]): string[] {
  try {
    const file = reopen(database)
    const wrong = file.integrity === 'ok' ? tornTransactions(file) : [`integrity_check says ${file.integrity}`]
    for (const promised of promises) {
      const text = broken(promised, file)
      if (text !== null) wrong.push(text)
    }
    return wrong
  } catch (error) {
    return [`the file does not open: ${String(error)}`]
  }
}
