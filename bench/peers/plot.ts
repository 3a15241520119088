import { type Cell, type Column, cell, number, type Report, show } from './report.ts'

const WIDTH = 720
const LABEL = 150
const VALUE = 130
const BAR = 18
const STEP = 28
const TOP = 54

const escapeXml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')

/** A bar for each peer, from nothing, so that lengths compare; peers without a figure say why in words. */
export function plot(report: Report, column: Column): string {
  const bars = report.peers.map((peer) => ({
    name: peer.name,
    found: (peer.missing === undefined ? cell(peer, column) : { none: 'not run' }) as Cell,
  }))
  const longest = Math.max(0, ...bars.map(({ found }) => ('value' in found ? found.most : 0)))
  const room = WIDTH - LABEL - VALUE
  const length = (value: number) => (longest === 0 ? 0 : (value / longest) * room)
  const height = TOP + bars.length * STEP + 14
  const rows = bars.flatMap(({ name, found }, i) => {
    const y = TOP + i * STEP
    const text = (x: number, anchor: string, words: string, weight = 400) =>
      `<text x="${x.toFixed(1)}" y="${y + 13}" text-anchor="${anchor}" font-weight="${weight}">${escapeXml(words)}</text>`
    const label = text(LABEL - 10, 'end', name, i === 0 ? 700 : 400)
    if (!('value' in found)) return [label, text(LABEL, 'start', show(found, column, report.crashWait))]
    const width = length(found.value)
    const spread =
      found.most > found.least
        ? `<line x1="${(LABEL + length(found.least)).toFixed(1)}" x2="${(LABEL + length(found.most)).toFixed(1)}" y1="${y + BAR / 2}" y2="${y + BAR / 2}" stroke="#333" stroke-width="1.5"/>`
        : ''
    return [
      label,
      `<rect x="${LABEL}" y="${y}" width="${Math.max(1, width).toFixed(1)}" height="${BAR}" rx="2" fill="${i === 0 ? '#2f7d4f' : '#8a93a3'}"/>`,
      spread,
      text(LABEL + length(found.most) + 8, 'start', show(found, column, report.crashWait)),
    ]
  })
  const title = `${column.title}${column.unit === '' ? '' : ` (${column.unit === '/s' ? 'jobs a second' : column.unit})`}`
  const note = `${column.better === 'more' ? 'longer' : 'shorter'} is better; median of ${number(report.repetitions)}, line from least to most`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="13" fill="#222" role="img" aria-label="${escapeXml(title)}">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="14" y="22" font-size="15" font-weight="700">${escapeXml(title)}</text>`,
    `<text x="14" y="40" font-size="11" fill="#666">${escapeXml(note)}</text>`,
    ...rows.filter((row) => row !== ''),
    '</svg>',
    '',
  ].join('\n')
}

export const fileName = ({ case: name, metric }: Column): string => `${name}-${metric.toLowerCase()}.svg`
