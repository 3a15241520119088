import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Celeriac, crontab, InvalidSchedule } from 'celeriac'
import { compileCron } from '../../lib/domain/cron.ts'

describe('crontab()', () => {
  for (const [fields, expression] of [
    [{}, '* * * * *'],
    [{ minute: 30, hour: 6 }, '30 6 * * *'],
    [{ minute: '*/15', hour: '9-17', dayOfWeek: 'mon-fri' }, '*/15 9-17 * * mon-fri'],
    [{ minute: 0, hour: [0, 12], dayOfMonth: '1,15' }, '0 0,12 1,15 * *'],
    [{ minute: 0, hour: 0, dayOfWeek: 'Sunday' }, '0 0 * * Sun'],
    [{ minute: 0, hour: 0, dayOfWeek: ['tuesday', 'thursday'] }, '0 0 * * tue,thu'],
    [{ minute: 0, hour: 0, dayOfMonth: 1, monthOfYear: 'january, may, september' }, '0 0 1 jan,may,sep *'],
  ] as const) {
    it(`writes ${JSON.stringify(fields)} as '${expression}'`, () => {
      assert.equal(crontab(fields), expression)
      compileCron(expression, 'x')
    })
  }

  it('reads whole names of every day and month', () => {
    const days = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ')
    const months = 'january february march april may june july august september october november december'.split(' ')
    for (const [index, dayOfWeek] of days.entries())
      assert.equal(crontab({ dayOfWeek }), `* * * * ${days[index]!.slice(0, 3)}`)
    for (const [index, monthOfYear] of months.entries())
      assert.equal(crontab({ monthOfYear }), `* * * ${months[index]!.slice(0, 3)} *`)
  })

  for (const [fields, reason] of [
    [{ minutes: 5 }, /no field "minutes" — there are minute, hour/],
    [{ minute: [] }, /minute is an empty list/],
    [{ minute: '' }, /minute is ''/],
    [{ minute: '1 2' }, /minute is '1 2'/],
    [{ hour: -1 }, /hour is -1/],
    [{ hour: 1.5 }, /hour is 1\.5/],
    [{ hour: null }, /hour is null/],
    [{ dayOfMonth: 1, dayOfWeek: 'mon' }, /Celery would run when both match, cron when either does/],
    [5, /was given 5/],
  ] as const) {
    it(`refuses ${JSON.stringify(fields)}, saying why`, () => {
      assert.throws(
        () => crontab(fields as object),
        (error: unknown) => error instanceof InvalidSchedule && reason.test(error.message),
      )
    })
  }

  it('has its values checked where the schedule is declared', () => {
    const app = new Celeriac({ tasks: import.meta.url })
    const task = app.task('task', () => 1)
    assert.throws(() => app.schedule('late', { cron: crontab({ hour: 24 }), run: task.s() }), {
      code: 'INVALID_SCHEDULE',
      message: /'24' as hour: give 0-23/,
    })
  })
})
