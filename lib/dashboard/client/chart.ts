import type uPlot from 'uplot'

const HEIGHT = 170
const SECONDS = 60

/** Puts charts with a cursor in the place of the drawings that the server sent. */
export function drawCharts(): void {
  for (const place of document.querySelectorAll<HTMLElement>('[data-chart]')) void draw(place)
}

async function draw(place: HTMLElement): Promise<void> {
  const { default: Chart } = (await import(new URL('../uplot.js', import.meta.url).href)) as { default: typeof uPlot }
  let chart: uPlot | null = null
  const put = (): void => {
    const series = JSON.parse(place.dataset.series ?? '[]') as number[][]
    if ((series[0]?.length ?? 0) === 0) return
    const data = stacked(series)
    if (chart) {
      chart.setData(data)
      return
    }
    place.replaceChildren()
    chart = new Chart(
      options(Chart, place, () => JSON.parse(place.dataset.series ?? '[]') as number[][]),
      data,
      place,
    )
  }
  put()
  new MutationObserver(put).observe(place, { attributes: true, attributeFilter: ['data-series'] })
  new ResizeObserver(() => chart?.setSize({ width: widthOf(place), height: HEIGHT })).observe(place)
  const redraw = (): void => {
    chart?.destroy()
    chart = null
    put()
  }
  document.addEventListener('theme', redraw)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw)
}

const widthOf = (place: HTMLElement): number => Math.max(200, place.clientWidth - 16)

/** Failed lowest, so that its bars stand on the axis; then retried, then succeeded. Drawn from the highest to the lowest. */
function stacked([times, succeeded, failed, retried]: number[][]): uPlot.AlignedData {
  const sum = (...parts: (number[] | undefined)[]): number[] =>
    (times ?? []).map((_, i) => parts.reduce((total, part) => total + (part?.[i] ?? 0), 0))
  return [times ?? [], sum(failed, retried, succeeded), sum(failed, retried), sum(failed)]
}

function options(Chart: typeof uPlot, place: HTMLElement, raw: () => number[][]): uPlot.Options {
  const colour = (name: string): string => resolved(place, `var(--${name})`)
  const bars = Chart.paths.bars?.({ size: [0.8, 14], align: 0 })
  const one = (label: string, tone: string, source: number): uPlot.Series => ({
    label,
    fill: colour(tone),
    width: 0,
    points: { show: false },
    ...(bars && { paths: bars }),
    value: (_chart, _value, _series, i) => (i === null ? '' : String(raw()[source]?.[i] ?? '')),
  })
  const axis = {
    stroke: colour('quiet'),
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
    font: '11px ui-sans-serif, system-ui, sans-serif',
  }
  return {
    width: widthOf(place),
    height: HEIGHT,
    padding: [8, 4, 0, 0],
    cursor: { points: { show: false }, drag: { x: false, y: false } },
    legend: { show: true, live: true, markers: { show: false } },
    scales: { x: { time: true }, y: { range: (_chart, _least, most) => [0, Math.max(4, most * 1.08)] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        values: (_chart, ticks) => ticks.map((tick) => new Date(tick * 1_000).toISOString().slice(11, 16)),
      },
      {
        ...axis,
        size: 44,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000],
      },
    ],
    series: [
      {
        label: 'UTC',
        value: (_chart, time) =>
          time === null ? '' : `${new Date(time * 1_000).toISOString().slice(11, 16)} + ${SECONDS} s`,
      },
      one('succeeded', 'good', 1),
      one('retried', 'again', 3),
      one('failed', 'bad', 2),
    ],
  }
}

/** A canvas knows no custom properties and no light-dark(). */
function resolved(place: HTMLElement, colour: string): string {
  const probe = document.createElement('i')
  probe.style.color = colour
  place.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
