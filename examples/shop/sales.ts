/** What the shop sold, read from its database. Days are texts such as `2021-03-14`. */
import type { Connection } from './database.ts'
import type { Sale } from './report.ts'

export function salesOf(db: Connection, day: string): Sale[] {
  const query = 'SELECT category, product, orders, revenue FROM sales WHERE day = ? ORDER BY category, product'
  return db.prepare(query).all(day) as Sale[]
}

export function daysWithSales(db: Connection): string[] {
  return db.prepare('SELECT DISTINCT day FROM sales ORDER BY day').pluck().all() as string[]
}

/** The latest days with sales, oldest first. */
export function lastDays(db: Connection, count: number): string[] {
  const query = 'SELECT DISTINCT day FROM sales ORDER BY day DESC LIMIT ?'
  return (db.prepare(query).pluck().all(count) as string[]).reverse()
}

/** The nearest days with sales before and after one. */
export interface DaysAround {
  before: string | null
  after: string | null
}

export function daysAround(db: Connection, day: string): DaysAround {
  const query =
    'SELECT (SELECT max(day) FROM sales WHERE day < $day) before, (SELECT min(day) FROM sales WHERE day > $day) after'
  return db.prepare(query).get({ day }) as DaysAround
}

/** The same weekday of the week before. */
export function weekBefore(day: string): string {
  const date = new Date(`${day}T00:00:00Z`)
  date.setUTCDate(date.getUTCDate() - 7)
  return date.toISOString().slice(0, 10)
}
