/** Writes a report's page and CSV file. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { indexPage } from './index-page.ts'
import type { Report } from './report.ts'
import { reportCsv } from './report-csv.ts'
import { reportPage } from './report-page.ts'
import type { DaysAround } from './sales.ts'
import { styleSheet } from './style.ts'

export function writeReport(folder: string, report: Report, around: DaysAround): void {
  mkdirSync(folder, { recursive: true })
  replace(join(folder, `${report.day}.html`), reportPage(report, around))
  replace(join(folder, `${report.day}.csv`), reportCsv(report))
}

export function writeIndex(folder: string, reports: readonly Report[]): string {
  mkdirSync(folder, { recursive: true })
  replace(join(folder, 'style.css'), styleSheet)
  const index = join(folder, 'index.html')
  replace(index, indexPage(reports))
  return index
}

/** A job may run twice, or die while it writes: readers see the whole old file or the whole new one. */
function replace(file: string, text: string): void {
  const draft = `${file}.${process.pid}-${threadId}`
  writeFileSync(draft, text)
  renameSync(draft, file)
}
