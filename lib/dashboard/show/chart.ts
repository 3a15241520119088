import type { Minute } from '../data.ts'
import { type Html, html } from '../html.ts'
import { count } from './figure.ts'
import { clock } from './time.ts'

const HEIGHT = 100

/**
 * Jobs per minute as stacked bars, drawn here for whoever runs no script; the browser puts a chart with a cursor in
 * its place, from the same figures.
 */
export function throughputChart(minutes: readonly Minute[]): Html {
  const most = Math.max(1, ...minutes.map((minute) => minute.succeeded + minute.failed + minute.retried))
  const total = minutes.reduce((sum, minute) => sum + minute.succeeded + minute.failed, 0)
  const series = [
    minutes.map((minute) => minute.at.getTime() / 1_000),
    minutes.map((minute) => minute.succeeded),
    minutes.map((minute) => minute.failed),
    minutes.map((minute) => minute.retried),
  ]
  return html`<figure class="chart" data-chart="throughput" data-series="${JSON.stringify(series)}">
<svg viewBox="0 0 ${minutes.length * 10} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${count(total)} jobs ended in the last hour; at most ${count(most)} in a minute">${minutes.map(
    (minute, i) => bar(minute, i * 10, most),
  )}</svg></figure>`
}

function bar(minute: Minute, x: number, most: number): Html {
  let y = HEIGHT
  const part = (value: number, name: string): Html => {
    const height = (HEIGHT * value) / most
    y -= height
    return html`<rect class="${name}" x="${x + 1}" y="${y.toFixed(2)}" width="8" height="${height.toFixed(2)}"/>`
  }
  const { at, succeeded, failed, retried } = minute
  return html`<g><title>${clock(at).slice(0, 5)} UTC: ${succeeded} succeeded, ${failed} failed, ${retried} retried</title>${
    failed ? part(failed, 'no') : ''
  }${retried ? part(retried, 'retried') : ''}${succeeded ? part(succeeded, 'yes') : ''}</g>`
}

/** A row of small bars, the oldest on the left. */
export function sparkline(values: readonly number[], label: string): Html {
  const most = Math.max(1, ...values)
  return html`<svg class="spark" viewBox="0 0 ${values.length * 4} 20" preserveAspectRatio="none" role="img" aria-label="${label}">${values.map(
    (value, i) => {
      if (value === 0) return ''
      const height = Math.max(2, (20 * value) / most)
      return html`<rect x="${i * 4 + 0.5}" y="${(20 - height).toFixed(1)}" width="3" height="${height.toFixed(1)}" fill="currentColor"/>`
    },
  )}</svg>`
}

/** How full something is; the figures stand beside it. */
export function meter(part: number, whole: number, tone: string): Html {
  const share = whole > 0 ? Math.min(1, part / whole) : 0
  return html`<svg class="meter ${tone}" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width="${(100 * share).toFixed(1)}" height="4" fill="currentColor"/></svg>`
}
