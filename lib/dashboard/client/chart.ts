import type uPlot from 'uplot'

const HEIGHT = 170

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
    const readout = document.createElement('figcaption')
    readout.className = 'readout'
    place.replaceChildren(readout)
    const say = (index: number | null): void => {
      readout.textContent =
        index === null ? '' : minuteText(JSON.parse(place.dataset.series ?? '[]') as number[][], index)
    }
    chart = new Chart(options(Chart, place, say), data, place)
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

function minuteText([times, succeeded, failed, retried]: number[][], index: number): string {
  const time = times?.[index]
  if (time === undefined) return ''
  const clock = new Date(time * 1_000).toISOString().slice(11, 16)
  return `${clock} UTC: ${succeeded?.[index]} succeeded, ${failed?.[index]} failed, ${retried?.[index]} retried`
}

const widthOf = (place: HTMLElement): number => Math.max(200, place.clientWidth - 16)

/** Failed lowest, so that its bars stand on the axis; then retried, then succeeded. Drawn from the highest to the lowest. */
function stacked([times, succeeded, failed, retried]: number[][]): uPlot.AlignedData {
  const sum = (...parts: (number[] | undefined)[]): number[] =>
    (times ?? []).map((_, i) => parts.reduce((total, part) => total + (part?.[i] ?? 0), 0))
  return [times ?? [], sum(failed, retried, succeeded), sum(failed, retried), sum(failed)]
}

function options(Chart: typeof uPlot, place: HTMLElement, say: (index: number | null) => void): uPlot.Options {
  const colour = (name: string): string => resolved(place, `var(--${name})`)
  const bars = Chart.paths.bars?.({ size: [0.8, 14], align: 0 })
  const one = (label: string, tone: string): uPlot.Series => ({
    label,
    fill: colour(tone),
    width: 0,
    points: { show: false },
    ...(bars && { paths: bars }),
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
    padding: [14, 20, 0, 0],
    cursor: { points: { show: false }, drag: { x: false, y: false } },
    legend: { show: false },
    hooks: { setCursor: [(chart) => say(chart.cursor.idx ?? null)] },
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
        space: 22,
        size: (_chart, labels) => Math.max(44, 14 + 6.6 * Math.max(0, ...(labels ?? []).map(({ length }) => length))),
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000],
      },
    ],
    series: [{}, one('succeeded', 'chart-good'), one('retried', 'chart-again'), one('failed', 'chart-bad')],
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
