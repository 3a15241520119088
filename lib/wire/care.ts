/** What is asked of, and told about, the file as a file: copies, health, size. */

/** One thing that was looked at. */
export interface Finding {
  /** What was looked at, in a word: `driver`, `file`, `disk`, `schema`, `integrity` … */
  check: string
  level: 'ok' | 'warning' | 'error'
  /** The fact. */
  said: string
  /** What to do about it, or null when nothing is to be done. */
  fix: string | null
}

export interface Diagnosis {
  path: string
  /** Whether no finding is an error. */
  healthy: boolean
  findings: Finding[]
}

export interface BackupReport {
  path: string
  bytes: number
}

export interface VacuumReport {
  bytesBefore: number
  bytesAfter: number
}

/** How long finished jobs are kept, and how many; null for no limit. */
export interface Keep {
  /** Milliseconds after the end. */
  age: number | null
  count: number | null
}

export type Retention = Readonly<Record<'SUCCESS' | 'FAILURE' | 'REVOKED' | 'EXPIRED', Keep>>

/** What the care thread can be asked for, by name. */
export interface CareCalls {
  backup: (path: string, target: string) => BackupReport
  doctor: (path: string, tasks: readonly string[] | null) => Diagnosis
  vacuum: (path: string, full: boolean) => VacuumReport
  prune: (path: string, retention: Retention) => number
}
