/** A report for every day, as jobs on the pool; and those that earlier runs left in the file. */
import { pathToFileURL } from 'node:url'
import { ResultExpired, UnknownTask } from 'celeriac'
import { app, reportsFolder } from './app.ts'
import type { Connection } from './database.ts'
import { formatNumber } from './format.ts'
import type { Report } from './report.ts'
import { writeIndex } from './report-files.ts'
import { daysWithSales } from './sales.ts'
import { generateReport } from './tasks.ts'
import { line, progress } from './terminal.ts'

export async function reportEveryDay(db: Connection, signal: AbortSignal): Promise<void> {
  const days = daysWithSales(db)
  const jobs = await generateReport.delayMany(days.map((day): [string] => [day]))
  const remember = db.prepare('INSERT INTO report_jobs (day, job, asked_at) VALUES (?, ?, ?)')
  const askedAt = new Date().toISOString()
  db.transaction(() => {
    jobs.forEach((job, index) => {
      remember.run(days[index], job.id, askedAt)
    })
  }).immediate()

  const bar = progress('reports', jobs.length)
  let done = 0
  let reports: Report[]
  let rate = 0
  try {
    reports = await Promise.all(
      jobs.map(async (job) => {
        const report = await job.get({ signal })
        done += 1
        bar.to(done)
        return report
      }),
    )
  } finally {
    rate = bar.end()
  }
  const index = writeIndex(reportsFolder, reports)
  line(`${formatNumber(reports.length)} reports, ${formatNumber(rate)} a second, each a page and a CSV file:`)
  line(pathToFileURL(index).href)
}

/** Shows that the results of earlier runs are still in the file, by reading the first of them. */
export async function showEarlierReports(db: Connection, signal: AbortSignal): Promise<void> {
  // Beside min(day), SQLite takes the job of that very day.
  const runs = db.prepare(
    'SELECT asked_at AS askedAt, count(*) AS reports, min(day) AS day, job FROM report_jobs GROUP BY asked_at ORDER BY asked_at',
  )
  for (const run of runs.all() as { askedAt: string; reports: number; day: string; job: string }[]) {
    const report = await readReport(run.job, signal)
    if (report) {
      const count = db.prepare('SELECT count(*) FROM report_jobs').pluck().get() as number
      line(`${formatNumber(count)} reports from earlier runs are in the file`)
      line(`the first, of ${run.day}, asked for at ${run.askedAt}, read back by its id ${run.job}:`)
      line(`revenue ${formatNumber(report.revenue)}, best seller ${report.bestSeller?.product}`)
      return
    }
    db.prepare('DELETE FROM report_jobs WHERE asked_at = ?').run(run.askedAt)
    line(`the ${formatNumber(run.reports)} asked for at ${run.askedAt} are past their retention; their pages remain`)
  }
  line('none: the next run on this file will find those of this one')
}

async function readReport(job: string, signal: AbortSignal): Promise<Report | null> {
  try {
    return await app.result<Report>(job).get({ signal })
  } catch (error) {
    if (error instanceof ResultExpired || error instanceof UnknownTask) return null
    throw error
  }
}
