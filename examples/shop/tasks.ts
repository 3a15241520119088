/** The shop's tasks. Every pool thread imports this module, so nothing here opens or starts anything when imported. */
import { currentTask, PermanentError } from 'celeriac'
import { app, reportsFolder } from './app.ts'
import { shopReader } from './database.ts'
import { sendWelcome } from './mail.ts'
import { computeReport, type Report } from './report.ts'
import { writeReport } from './report-files.ts'
import { daysAround, lastDay, salesOf, weekBefore } from './sales.ts'

export const add = app.task('add', (x: number, y: number) => x + y)

/** Reports on one day of sales, the last one known if none is given, and writes its page and its CSV file. */
export const generateReport = app.task('generateReport', { retry: 2 }, (day?: string): Report => {
  const db = shopReader()
  const wanted = day ?? lastDay(db)
  if (wanted === null) throw new PermanentError('no sales are loaded')
  // The day becomes a file name, so it must be nothing but a day.
  if (!/^\d{4}-\d{2}-\d{2}$/.test(wanted)) throw new PermanentError(`${wanted} is no day such as 2021-03-14`)
  const earlier = weekBefore(wanted)
  const report = computeReport(wanted, salesOf(db, wanted), { day: earlier, sales: salesOf(db, earlier) })
  writeReport(reportsFolder, report, daysAround(db, wanted))
  return report
})

/** Welcomes a user by e-mail through the SMTP server at `smtp`, such as `smtp://127.0.0.1:2525`. */
export const sendEmail = app.task(
  'sendEmail',
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
