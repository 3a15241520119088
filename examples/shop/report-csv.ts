import { stringify } from 'csv-stringify/sync'
import type { Report } from './report.ts'

/** One line a product. */
export function reportCsv(report: Report): string {
  const lines = report.categories.flatMap(({ category, products }) =>
    products.map(({ product, orders, revenue }) => ({ day: report.day, category, product, orders, revenue })),
  )
  // Spreadsheets run a cell that begins with = + - or @ as a formula.
  return stringify(lines, {
    header: true,
    columns: ['day', 'category', 'product', 'orders', 'revenue'],
    escape_formulas: true,
  })
}
