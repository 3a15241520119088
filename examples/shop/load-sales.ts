/** Loads the sales file (CSV) into the shop's database. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type CsvError, parse } from 'csv-parse'
import type { Connection } from './database.ts'
import { readSalesLine, type SalesLine, salesColumns } from './sales-line.ts'

export interface BadLine {
  line: number
  reason: string
}

export interface Loaded {
  /** Lines now in the database. */
  lines: number
  /** What could not be loaded, and why. */
  bad: BadLine[]
  /** When an earlier run loaded this very file; it is not loaded again. */
  before: string | null
}

/** Lines in one transaction: enough to be quick, few enough not to keep other writers waiting. */
const BATCH = 2_000

/** Makes the database hold what the file says; `onLine` hears how many of its lines are done. */
export async function loadSales(
  db: Connection,
  file: string,
  onLine: (done: number, total: number) => void = () => {},
): Promise<Loaded> {
  const content = readFileSync(file)
  const hash = createHash('sha256').update(content).digest('hex')
  const earlier = db.prepare('SELECT lines, loaded_at AS loadedAt FROM loads WHERE hash = ?').get(hash)
  if (earlier !== undefined) {
    const { lines, loadedAt } = earlier as { lines: number; loadedAt: string }
    return { lines, bad: [], before: loadedAt }
  }

  // The row in `loads` comes last: a run that dies half way leaves none, and the next one begins again.
  db.exec('DELETE FROM loads; DELETE FROM sales')
  const insert = db.prepare(
    'INSERT INTO sales (day, category, product, price, orders, revenue) VALUES ($day, $category, $product, $price, $orders, $revenue)',
  )
  const bad: BadLine[] = []
  let lines = 0
  const insertAll = db.transaction((batch: { line: number; sale: SalesLine }[]) => {
    for (const { line, sale } of batch) {
      try {
        insert.run(sale)
        lines += 1
      } catch (error) {
        bad.push({ line, reason: reasonOf(error, sale) })
      }
    }
  })

  const total = content.toString('latin1').split('\n').length
  let batch: { line: number; sale: SalesLine }[] = []
  for await (const { line, record } of records(content, bad)) {
    try {
      batch.push({ line, sale: readSalesLine(record) })
    } catch (error) {
      bad.push({ line, reason: (error as Error).message })
    }
    if (batch.length === BATCH) {
      insertAll.immediate(batch)
      batch = []
      onLine(line, total)
    }
  }
  insertAll.immediate(batch)
  onLine(total, total)

  const loadedAt = new Date().toISOString()
  if (bad.length === 0) {
    const done = db.prepare('INSERT INTO loads (hash, file, lines, loaded_at) VALUES (?, ?, ?, ?)')
    done.run(hash, basename(file), lines, loadedAt)
  }
  bad.sort((a, b) => a.line - b.line)
  return { lines, bad, before: null }
}

function reasonOf(error: unknown, sale: SalesLine): string {
  const { code, message } = error as { code?: string; message: string }
  return code === 'SQLITE_CONSTRAINT_PRIMARYKEY' ? `a second line for ${sale.product} on ${sale.day}` : message
}

async function* records(
  content: Buffer,
  bad: BadLine[],
): AsyncGenerator<{ line: number; record: Record<string, string> }> {
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error: CsvError | undefined) => {
      bad.push({ line: Number(error?.lines), reason: error?.message ?? 'not readable as CSV' })
      return undefined
    },
    columns: (header: string[]) => {
      const missing = salesColumns.filter((column) => !header.includes(column))
      if (missing.length > 0) throw new Error(`the sales file has no column ${missing.join(', ')}`)
      return header
    },
  })
  parser.end(content)
  for await (const { info, record } of parser) yield { line: info.lines, record }
}
