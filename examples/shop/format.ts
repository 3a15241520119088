/** Numbers and days as the shop writes them. */

const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 })
const percent = new Intl.NumberFormat('en-GB', {
  style: 'percent',
  minimumFractionDigits: 1,
  signDisplay: 'exceptZero',
})
const longDay = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'UTC' })

export function formatNumber(value: number): string {
  return whole.format(value)
}

/** `0.123` → `+12.3%` */
export function formatChange(fraction: number): string {
  return percent.format(fraction)
}

/** `2021-03-14` → `Sunday 14 March 2021` */
export function formatDay(day: string): string {
  return longDay.format(new Date(day))
}
