import { type Html, html } from '../html.ts'

const counts = new Intl.NumberFormat('en-US')

/** `1,096` */
export const count = (value: number): string => counts.format(value)

/** `12.3 MB`; decimal units. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let left = value
  while (left >= 1_000 && unit < units.length - 1) {
    left /= 1_000
    unit++
  }
  return `${unit === 0 || left >= 100 ? Math.round(left) : left.toFixed(1)} ${units[unit]}`
}

/** `0.4 %`, and never `0 %` of what is not nothing. */
export function percent(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0 %'
  const share = (100 * part) / whole
  if (share < 0.1) return '< 0.1 %'
  return `${share < 10 ? share.toFixed(1) : Math.round(share)} %`
}

export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

/** One cell of the strip of figures on top of a page. */
export function figure(name: string, value: Html | string, under: Html | string, tone = ''): Html {
  return html`<div class="${tone && `tone ${tone}`}"><dt>${name}</dt><dd>${value}<small>${under}</small></dd></div>`
}
