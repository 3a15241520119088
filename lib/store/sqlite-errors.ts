import {
  CeleriacError,
  DatabaseCorrupt,
  DatabaseForeign,
  DatabaseLocked,
  DatabaseReadOnly,
  DatabaseUnavailable,
  StorageFailed,
  StorageFull,
} from '../errors.ts'

/** SQLite's result code of an error, such as `SQLITE_BUSY`, or null when it is not SQLite's. */
export function sqliteCode(error: unknown): string | null {
  const code = error instanceof Error ? (error as { code?: unknown }).code : null
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : null
}

/** Whether waiting and trying again can help. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error)
  return code !== null && (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
}

/** Whether a row cannot hold a value: the statement is undone, the transaction goes on. */
export function isUnfit(error: unknown): boolean {
  return /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(sqliteCode(error) ?? '')
}

/** Our error for one of SQLite's; an error that is already ours passes unchanged. */
export function storageError(error: unknown, path: string): CeleriacError {
  if (error instanceof CeleriacError) return error
  const code = sqliteCode(error) ?? (error as NodeJS.ErrnoException | null)?.code ?? 'unknown'
  const said = error instanceof Error ? error.message : String(error)
  const options = { cause: error }
  if (code === 'SQLITE_BUSY_SNAPSHOT') {
    return new DatabaseLocked(
      `${path} was changed by another connection since this transaction read it — begin it with .immediate()`,
      options,
    )
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new DatabaseLocked(
      `${path} is locked by another connection (${code}) — end the transaction or tool that holds it`,
      options,
    )
  }
  if (code.startsWith('SQLITE_READONLY') || code === 'EROFS' || code === 'EACCES' || code === 'EPERM') {
    return new DatabaseReadOnly(
      `${path} cannot be written (${code}) — give this user write access to the file and its folder`,
      options,
    )
  }
  if (code === 'SQLITE_NOTADB') {
    return new DatabaseForeign(`${path} is not an SQLite database — choose another path for "database"`, options)
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    return new DatabaseCorrupt(
      `${path} is damaged (${code}: ${said}) — keep the file and restore a backup to another path`,
      options,
    )
  }
  // The index of the log, which every connection needs, found no room: SQLite knows no more than that its size could not be set.
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'SQLITE_IOERR_SHMSIZE') {
    return new StorageFull(
      `no room to write ${path} (${code}) — free disk space; nothing acknowledged is lost`,
      options,
    )
  }
  if (
    code.startsWith('SQLITE_CANTOPEN') ||
    code === 'ENOENT' ||
    code === 'ENOTDIR' ||
    code === 'EISDIR' ||
    code === 'EEXIST'
  ) {
    return new DatabaseUnavailable(
      `${path} cannot be opened (${code}: ${said}) — check the path and its folder`,
      options,
    )
  }
  return new StorageFailed(`writing ${path} failed (${code}: ${said})`, options)
}
