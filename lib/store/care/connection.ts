import { DatabaseForeign } from '../../errors.ts'
import { type Connection, loadDriver } from '../driver.ts'
import { refuseNewer } from '../migrations.ts'
import { BUSY_TIMEOUT } from '../open.ts'
import { storageError } from '../sqlite-errors.ts'

/**
 * Runs `work` with a connection of its own to a file that is there already.
 * @throws DatabaseUnavailable, DatabaseForeign, DatabaseTooNew and the other database errors
 */
export async function withFile<T>(
  path: string,
  access: 'read' | 'write',
  work: (db: Connection) => T | Promise<T>,
): Promise<T> {
  const Database = loadDriver()
  let db: Connection | null = null
  try {
    db = new Database(path, { readonly: access === 'read', fileMustExist: true, timeout: BUSY_TIMEOUT * 5 })
    if (refuseNewer(db) === 0)
      throw new DatabaseForeign(`${path} holds no tables of celeriac — name the file that the app uses`)
    return await work(db)
  } catch (error) {
    throw storageError(error, path)
  } finally {
    db?.close()
  }
}
