/** The shop's tasks. Every pool thread imports this module, so nothing here opens or starts anything when imported. */
import { currentTask, PermanentError } from 'celeriac'
import { app, reportsFolder } from './app.ts'
import { type Connection, shopReader } from './database.ts'
import { sendWelcome } from './mail.ts'
import { computeReport, type Report } from './report.ts'
import { writeReport } from './report-files.ts'
import { daysAround, lastDays, salesOf, weekBefore } from './sales.ts'

export const add = app.task('add', (x: number, y: number) => x + y)

/**
 * Reports on one day of sales, and writes its page and its CSV file. Without a day it is the daily report: one for each day
 * since the last that succeeded, so a night that failed or was missed is made up for. The sales end in 2022; their last days
 * stand for those just past.
 */
export const generateReport = app.task('generateReport', { retry: 2 }, (day?: string): Report => {
  const db = shopReader()
  const days = day === undefined ? lastDays(db, daysToCover()) : [day]
  currentTask().log.info('covers', days.join(', '))
  const reports = days.map((one) => reportOn(db, one))
  const last = reports.at(-1)
  if (!last) throw new PermanentError('no sales are loaded')
  return last
})

/** Days from the schedule's last success to this run; 1 for the first, and at most a month. */
function daysToCover(): number {
  const { scheduledFor, lastSuccessAt } = currentTask()
  if (!scheduledFor || !lastSuccessAt) return 1
  const days = Math.round((scheduledFor.getTime() - lastSuccessAt.getTime()) / 86_400_000)
  return Math.min(31, Math.max(1, days))
}

function reportOn(db: Connection, day: string): Report {
  // The day becomes a file name, so it must be nothing but a day.
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) throw new PermanentError(`${day} is no day such as 2021-03-14`)
  const earlier = weekBefore(day)
  const report = computeReport(day, salesOf(db, day), { day: earlier, sales: salesOf(db, earlier) })
  writeReport(reportsFolder, report, daysAround(db, day))
  return report
}

/** Welcomes a user by e-mail through the SMTP server at `smtp`, such as `smtp://127.0.0.1:2525`. */
export const sendEmail = app.task(
  'send_email',
  {
    queue: 'mail',
    retry: { maxRetries: 5, backoff: 'exponential', delay: '1s', maxDelay: '10m' },
  },
  async (userId: number, smtp: string): Promise<string> => {
    const user = shopReader().prepare('SELECT name, email FROM users WHERE id = ?').get(userId)
    if (user === undefined) throw new PermanentError(`there is no user ${userId}`)
    // A job may run again after a crash; one Message-ID per job lets mail programs show such a repeat only once.
    return sendWelcome(smtp, user as { name: string; email: string }, `<${currentTask().id}@shop.example>`)
  },
)
