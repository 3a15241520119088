/** What some operations are about beyond the promises that they give. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { doctor } from 'celeriac'
import type { Operation } from './operation.ts'

export type Aim =
  /** This schedule has missed a slot a minute, from this one on: each fires once, or waits for the run before it. */
  | { missed: string; first: number }
  /** A copy is whole wherever it is; one that was told of is there. */
  | { copied: string; untold?: true }
  /** What a dead process held is given back as a whole, once. */
  | { held: true }

const MINUTE = 60_000

/** What holds for an operation though it has said nothing of it. */
export function aimsOf(operation: Operation): Aim[] {
  if (operation === 'rescue') return [{ held: true }]
  return operation === 'backup' ? [{ copied: 'jobs.db.copy', untold: true }] : []
}

/** What is wrong with them in a file. */
export async function missedAim(database: string, aims: readonly Aim[]): Promise<string[]> {
  const wrong: string[] = []
  for (const aim of aims) {
    if ('copied' in aim) wrong.push(...(await wrongCopy(join(database, '..', aim.copied), !aim.untold)))
    else {
      const db = new Database(database)
      try {
        wrong.push(...('missed' in aim ? wrongSlots(db, aim.missed, aim.first) : wrongRescue(db)))
      } finally {
        db.close()
      }
    }
  }
  return wrong
}

async function wrongCopy(copy: string, told: boolean): Promise<string[]> {
  if (!existsSync(copy)) return told ? ['the backup that was told of is not there'] : []
  const errors = (await doctor(copy)).findings.filter(({ level }) => level === 'error')
  if (errors.length > 0) return errors.map(({ check, said }) => `the backup: ${check}: ${said}`)
  const db = new Database(copy, { readonly: true })
  try {
    const jobs = db.prepare('SELECT count(*) FROM celeriac_jobs').pluck().get() as number
    // Those of the prepared file.
    return jobs < 41 ? [`the backup holds ${jobs} of 41 jobs`] : []
  } finally {
    db.close()
  }
}

function wrongSlots(db: Database.Database, schedule: string, first: number): string[] {
  const next = db.prepare('SELECT next_slot FROM celeriac_schedules WHERE name = ?').pluck().get(schedule) as number
  const fired = new Map<number, string[]>()
  const rows = db
    .prepare(`SELECT slot, coalesce(job_id, outcome) AS id FROM celeriac_slots WHERE schedule = ?
      UNION ALL SELECT scheduled_for, id FROM celeriac_jobs WHERE schedule = ?`)
    .all(schedule, schedule) as { slot: number; id: string }[]
  for (const { slot, id } of rows) fired.set(slot, [...(fired.get(slot) ?? []), id])
  const wrong: string[] = []
  for (let slot = first; slot < next; slot += MINUTE) {
    const [inLedger, ofJob, ...more] = fired.get(slot) ?? []
    if (!(inLedger === 'waiting' ? ofJob === undefined : inLedger && inLedger === ofJob) || more.length > 0)
      wrong.push(
        `slot ${new Date(slot).toISOString()} of ${schedule} has ledger and jobs ${JSON.stringify(fired.get(slot))}`,
      )
    fired.delete(slot)
  }
  for (const slot of fired.keys()) wrong.push(`slot ${new Date(slot).toISOString()} of ${schedule} fired out of turn`)
  return wrong
}

function wrongRescue(db: Database.Database): string[] {
  const number = (sql: string): number => db.prepare(sql).pluck().get() as number
  const wrong: string[] = []
  const stray = number('SELECT count(*) FROM celeriac_claims WHERE owner NOT IN (SELECT id FROM celeriac_processes)')
  if (stray > 0) wrong.push(`${stray} jobs are claimed by processes that are not on the books`)
  const failed = number("SELECT count(*) FROM celeriac_jobs WHERE task = 'doomed' AND state = 'FAILURE'")
  const linked = number(
    "SELECT count(*) FROM celeriac_jobs WHERE parent_id = (SELECT id FROM celeriac_jobs WHERE task = 'doomed')",
  )
  if (number("SELECT count(*) FROM celeriac_jobs WHERE task = 'doomed' AND state = 'SUCCESS'") > 0)
    wrong.push('a job that was to fail with its process ran again')
  if (linked !== failed) wrong.push(`${failed} jobs failed with their process, and ${linked} followed`)
  // One of whoever held it, one of whoever rescued it and then died.
  const crashes = number("SELECT crashes FROM celeriac_jobs WHERE task = 'forever'")
  if (crashes > 2) wrong.push(`two deaths count as ${crashes} crashes of a job`)
  return wrong
}
