import Database from 'better-sqlite3'

export type Connection = Database.Database

/** What is told of the statements of every connection. */
export interface Watch {
  prepared?: (sql: string, db: Connection) => void
  /** After each execution. */
  after?: (sql: string) => void
}

const prototype = Database.prototype as unknown as { prepare(this: Connection, sql: string): Record<string, unknown> }

/** Tells of each statement prepared while `work` runs, then and whenever it is run later. */
export function watched<T>(watch: Watch, work: () => T): T {
  const { prepare } = prototype
  prototype.prepare = function (sql: string) {
    watch.prepared?.(sql, this)
    const statement = prepare.call(this, sql)
    for (const name of ['run', 'get', 'all'] as const) {
      const real = statement[name] as (...args: unknown[]) => unknown
      statement[name] = (...args: unknown[]) => {
        const result = real.apply(statement, args)
        watch.after?.(sql)
        return result
      }
    }
    return statement
  }
  try {
    return work()
  } finally {
    prototype.prepare = prepare
  }
}
