/** The shop's schedules. Imported by the program only; pool threads need no schedules. */
import { app } from './app.ts'
import { formatNumber } from './format.ts'
import type { Report } from './report.ts'
import { generateReport } from './tasks.ts'
import { line } from './terminal.ts'

const timezone = 'Europe/Madrid'
const inMadrid = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long', timeZone: timezone })

app.schedule('daily-report', { cron: '0 6 * * *', timezone, run: generateReport.s() })

/** When the daily report is due next, as a clock in Madrid shows it. */
export function nextReports(count: number): string[] {
  return app.schedules.preview('daily-report', count).map((slot) => inMadrid.format(slot.at))
}

/** Prints the next five slots of the daily report, and runs it once now. */
export async function showSchedule(signal: AbortSignal): Promise<void> {
  for (const slot of nextReports(5)) line(slot)
  const job = await app.schedules.trigger<Report>('daily-report')
  const report = await job.get({ signal })
  line(`triggered now: the report of ${report.day}, revenue ${formatNumber(report.revenue)}`)
}
