import { resolve } from 'node:path'
import { inThread } from './care/in-thread.ts'
import { booleanOr, nameOf, optionsOf, refuse } from './options/check.ts'
import { type RetentionOptions, retentionOf } from './options/retention-options.ts'
import type { BackupReport, Diagnosis, VacuumReport } from './wire/care.ts'

/** Each of these takes a file, whether an app uses it or none, and works in a thread of its own. */
const fileOf = (database: unknown, where: string): string => resolve(nameOf(database, `${where}: database`))

/**
 * Copies the file as it is at one moment, while others write. The copy appears when it is complete, mode 0600. To
 * restore it, put it at the app's path while no app runs; what was running goes back to the queue at the next start.
 * @throws BackupExists, and the database errors
 */
export async function backup(database: string, target: string): Promise<BackupReport> {
  return inThread('backup', fileOf(database, 'backup()'), resolve(nameOf(target, 'backup(): target')))
}

/**
 * Examines a file and says what to do about each thing found: driver, permissions, disk, schema, damage, counters, jobs
 * without a handler or an owner, schedules. Reads every row once; changes nothing.
 * @param options.tasks names of the tasks that the app declares. Default: those of the live processes
 */
export async function doctor(database: string, options: { tasks?: readonly string[] } = {}): Promise<Diagnosis> {
  const { tasks } = optionsOf(options, 'doctor()', ['tasks'])
  if (tasks !== undefined && !(Array.isArray(tasks) && tasks.every((name) => typeof name === 'string')))
    refuse('doctor(): tasks', tasks, 'an array of names')
  return inThread('doctor', fileOf(database, 'doctor()'), (tasks as string[] | undefined) ?? null)
}

/**
 * Hands free space of the file back to the disk, in small steps while others write.
 * @param options.full rewrites the whole file once, which a file needs that celeriac did not create; nobody can write
 *   meanwhile. Default false
 */
export async function vacuum(database: string, options: { full?: boolean } = {}): Promise<VacuumReport> {
  const { full } = optionsOf(options, 'vacuum()', ['full'])
  return inThread('vacuum', fileOf(database, 'vacuum()'), booleanOr(full, 'vacuum(): full', false))
}

/**
 * Deletes finished jobs that are past their retention, now and while others write, as a running app does by itself.
 * @param retention as the app's option. Default: the app's default
 * @returns how many jobs
 */
export async function prune(database: string, retention: RetentionOptions = {}): Promise<number> {
  return inThread('prune', fileOf(database, 'prune()'), retentionOf(retention))
}
