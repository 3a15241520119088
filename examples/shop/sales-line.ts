/** One line of the sales file, checked. */
export interface SalesLine {
  day: string
  category: string
  product: string
  price: number
  orders: number
  revenue: number
}

export const salesColumns = ['order_date', 'day_of_week', 'category', 'name', 'price', 'orders', 'revenue'] as const

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** Reads one record of the file; throws an error that says what is wrong with it. */
export function readSalesLine(record: Record<string, string>): SalesLine {
  return {
    day: day(record),
    category: text(record, 'category'),
    product: text(record, 'name'),
    price: count(record, 'price'),
    orders: count(record, 'orders'),
    revenue: count(record, 'revenue'),
  }
}

function day(record: Record<string, string>): string {
  const written = record.order_date ?? ''
  const date = new Date(written)
  if (Number.isNaN(date.getTime()) || date.toISOString() !== written || !written.endsWith('T00:00:00.000Z')) {
    throw new Error(`order_date ${JSON.stringify(written)} is no day`)
  }
  const weekday = weekdays[date.getUTCDay()]
  if (record.day_of_week !== weekday) {
    throw new Error(`day_of_week is ${JSON.stringify(record.day_of_week)}, but ${written.slice(0, 10)} is a ${weekday}`)
  }
  return written.slice(0, 10)
}

function text(record: Record<string, string>, column: string): string {
  const written = record[column]?.trim()
  if (!written) throw new Error(`${column} is empty`)
  return written
}

function count(record: Record<string, string>, column: string): number {
  const written = record[column] ?? ''
  if (!/^\d{1,9}$/.test(written)) throw new Error(`${column} ${JSON.stringify(written)} is no whole number`)
  return Number(written)
}
