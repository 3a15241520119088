import type { Frame } from './profile.ts'

export interface Thread {
  readonly name: string
  readonly root: Frame
}

const WIDTH = 1_200
const ROW = 17
const GAP = 40
const TOP = 34
/** Narrower than this, in pixels, nothing can be read or pointed at. */
const LEAST = 0.6
/** About what a letter takes, in pixels. */
const LETTER = 6.4

export const escapeXml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')

/**
 * A flame graph for each thread, callers below, each as wide as its share of the busiest thread's time; what a frame is called and how
 * long it took, itself and all it called, shows when it is pointed at. One file without scripts.
 */
export function flameGraph(title: string, threads: readonly Thread[]): string {
  const longest = Math.max(1, ...threads.map(({ root }) => root.total))
  const parts: string[] = []
  let top = TOP
  for (const { name, root } of threads) {
    const depth = depthOf(root, longest)
    const bottom = top + GAP + depth * ROW
    const time = `${(root.total / 1000).toFixed(0)} ms of CPU`
    parts.push(`<text class="head" x="4" y="${top + 26}">${escapeXml(`${name}: ${time}`)}</text>`)
    draw(root, 0, bottom - ROW)
    top = bottom

    function draw(frame: Frame, x: number, y: number): void {
      const width = (frame.total / longest) * WIDTH
      if (width < LEAST) return
      const share = ((frame.total / Math.max(1, root.total)) * 100).toFixed(1)
      const label = `${frame.name}${frame.place === '' ? '' : ` ${frame.place}`}`
      const shown = frame.name.slice(0, Math.max(0, Math.floor((width - 6) / LETTER)))
      parts.push(
        `<g><title>${escapeXml(`${label}\n${(frame.total / 1000).toFixed(1)} ms, ${share} % of ${name}`)}</title>` +
          `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(LEAST, width - 0.5).toFixed(1)}" height="${ROW - 1}" fill="${colour(frame)}"/>` +
          `${shown.length > 2 ? `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${escapeXml(shown)}</text>` : ''}</g>`,
      )
      let at = x
      for (const child of [...frame.children.values()].sort((a, b) => b.total - a.total)) {
        draw(child, at, y - ROW)
        at += (child.total / longest) * WIDTH
      }
    }
  }
  const height = top + 12
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="ui-monospace, monospace" font-size="11" role="img" aria-label="${escapeXml(title)}">`,
    '<style>.head{font:700 13px system-ui,sans-serif}g:hover rect{stroke:#000}</style>',
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text class="head" x="4" y="20">${escapeXml(title)}</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function depthOf(frame: Frame, longest: number): number {
  if ((frame.total / longest) * WIDTH < LEAST) return 0
  return 1 + Math.max(0, ...[...frame.children.values()].map((child) => depthOf(child, longest)))
}

/** Ours warm, packages green, Node and V8 grey, what is native (so SQLite) blue. */
function colour({ name, place }: Frame): string {
  if (name.startsWith('(') && place === '') return '#c9c9c9'
  if (place === '') return '#8fb8de'
  if (place.startsWith('node:')) return '#d6d3cc'
  return /^(lib|bench|test|examples)\//.test(place) ? '#f2a65a' : '#9fcf9a'
}
