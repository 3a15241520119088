import { type Cell, type Column, cell, number, type Report, show } from './report.ts'

const LABEL = 122
const VALUE = 128
const BAR = 16
const STEP = 24
const HEAD = 50
const FOOT = 16
const ALONE = 720
const PANEL = 480

/** Readable on white and on black: the viewer's scheme decides, and a card of its own colour lies below. */
const STYLE = `
  :root { --card: #fff; --ink: #222; --faint: #667; --ours: #2f7d4f; --other: #8a93a3; --line: #333; }
  @media (prefers-color-scheme: dark) {
    :root { --card: #16191d; --ink: #e6e6e6; --faint: #9aa3ad; --ours: #4fb477; --other: #6b7686; --line: #ddd; }
  }
  .card { fill: var(--card) } text { fill: var(--ink) } .faint { fill: var(--faint) }
  .ours { fill: var(--ours) } .other { fill: var(--other) } .spread { stroke: var(--line); stroke-width: 1.5 }`

const escapeXml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')

/** A bar for each peer, from nothing, so that lengths compare; peers without a figure say why in words. */
export const plot = (report: Report, column: Column): string =>
  svg(titleOf(column), ALONE, heightOf(report), panel(report, column, ALONE))

/** Several figures on one card, two beside each other. */
export function overview(report: Report, columns: readonly Column[]): string {
  const height = heightOf(report)
  const panels = columns.map((column, i) => {
    const [x, y] = [(i % 2) * PANEL, Math.floor(i / 2) * height]
    return `<g transform="translate(${x} ${y})">\n${panel(report, column, PANEL)}\n</g>`
  })
  return svg('Beside other queues', 2 * PANEL, Math.ceil(columns.length / 2) * height, panels.join('\n'))
}

const heightOf = (report: Report): number => HEAD + report.peers.length * STEP + FOOT

const titleOf = ({ title, unit }: Column): string =>
  `${title}${unit === '' ? '' : ` (${unit === '/s' ? 'jobs a second' : unit})`}`

const svg = (title: string, width: number, height: number, content: string): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escapeXml(title)}">`,
    `<style>${STYLE}</style>`,
    '<rect class="card" width="100%" height="100%" rx="6"/>',
    content,
    '</svg>',
    '',
  ].join('\n')

function panel(report: Report, column: Column, width: number): string {
  const bars = report.peers.map((peer) => ({
    name: peer.name,
    found: (peer.missing === undefined ? cell(peer, column) : { none: 'not run' }) as Cell,
  }))
  const longest = Math.max(0, ...bars.map(({ found }) => ('value' in found ? found.most : 0)))
  const room = width - LABEL - VALUE
  const length = (value: number) => (longest === 0 ? 0 : (value / longest) * room)
  const rows = bars.flatMap(({ name, found }, i) => {
    const y = HEAD + i * STEP
    const text = (x: number, anchor: string, words: string, weight = 400) =>
      `<text x="${x.toFixed(1)}" y="${y + 12}" text-anchor="${anchor}" font-weight="${weight}">${escapeXml(words)}</text>`
    const label = text(LABEL - 8, 'end', name, i === 0 ? 700 : 400)
    if (!('value' in found)) return [label, text(LABEL, 'start', show(found, column, report.crashWait))]
    const [from, to, middle] = [LABEL + length(found.least), LABEL + length(found.most), y + BAR / 2]
    const spread = `<line class="spread" x1="${from.toFixed(1)}" x2="${to.toFixed(1)}" y1="${middle}" y2="${middle}"/>`
    return [
      label,
      `<rect x="${LABEL}" y="${y}" width="${Math.max(1, length(found.value)).toFixed(1)}" height="${BAR}" rx="2" class="${i === 0 ? 'ours' : 'other'}"/>`,
      ...(found.most > found.least ? [spread] : []),
      text(to + 6, 'start', show(found, column, report.crashWait)),
    ]
  })
  const times = Math.max(1, ...report.peers.map((peer) => peer.cases[column.case]?.length ?? 0))
  const better = `${column.better === 'more' ? 'longer' : 'shorter'} is better`
  const note = times === 1 ? `${better}; one run` : `${better}; median of ${number(times)}, line from least to most`
  return [
    `<text x="12" y="20" font-size="14" font-weight="700">${escapeXml(titleOf(column))}</text>`,
    `<text class="faint" x="12" y="37" font-size="11">${escapeXml(note)}</text>`,
    ...rows,
  ].join('\n')
}

export const fileName = ({ case: name, metric }: Column): string => `${name}-${metric.toLowerCase()}.svg`
