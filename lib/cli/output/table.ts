import Table from 'cli-table3'
import type { Meaning, Painter } from '../painter.ts'
import { safe } from './text.ts'

/** A cell's text, with what it means where it is to be painted. */
export type Cell = string | number | readonly [Meaning, string]

export interface Column {
  heading: string
  /** Numbers stand right. */
  right?: boolean
  /** Gives way when the screen is too narrow. */
  flexible?: boolean
  /** Left out when that is not enough, the last such column first. */
  optional?: boolean
}

const GAP = 2
const NARROWEST = 8
/** A flexible column is not cut below this while there is one to leave out. */
const READABLE = 16
const LINES =
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid'
const CHARS = { ...Object.fromEntries(LINES.split(' ').map((place) => [place, ''])), middle: ' '.repeat(GAP) }

/** Columns without lines, as wide as their content; on a screen the flexible ones are cut to fit. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], painter: Painter): string {
  const heading = columns.map((column) => painter.paint('heading', column.heading))
  const cells = [heading, ...rows.map((row) => row.map((cell) => painted(cell, painter)))]
  const whole = draw(columns, cells, [])
  let excess = whole.widths.reduce((sum, width) => sum + width + GAP, -GAP) - painter.width
  if (excess <= 0) return whole.text
  const spare = whole.widths.reduce(
    (sum, width, i) => sum + (columns[i]?.flexible ? Math.max(0, width - READABLE) : 0),
    0,
  )
  const dropped = spare < excess ? columns.findLastIndex((column) => column.optional) : -1
  if (dropped >= 0) {
    const kept = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== dropped)
    return table(kept(columns), rows.map(kept), painter)
  }
  const widths = [...whole.widths]
  for (; excess > 0; excess--) {
    const widest = widestOf(columns, widths)
    if (widest === null) break
    widths[widest] = (widths[widest] as number) - 1
  }
  return draw(columns, cells, widths).text
}

/** Which of the flexible columns is to give way next; null when all are as narrow as they may be. */
function widestOf(columns: readonly Column[], widths: readonly number[]): number | null {
  let widest: number | null = null
  for (const [i, width] of widths.entries())
    if (columns[i]?.flexible && width > Math.max(NARROWEST, widest === null ? 0 : (widths[widest] as number)))
      widest = i
  return widest
}

function draw(columns: readonly Column[], rows: string[][], widths: number[]): { text: string; widths: number[] } {
  const drawn = new Table({
    chars: CHARS,
    colWidths: widths,
    colAligns: columns.map(({ right }) => (right ? 'right' : 'left')),
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  })
  drawn.push(...rows)
  const lines = drawn.toString().split('\n')
  return {
    text: lines.map((line) => line.trimEnd()).join('\n'),
    widths: drawn.options.colWidths.map((width) => width ?? 0),
  }
}

function painted(cell: Cell, painter: Painter): string {
  if (typeof cell === 'string' || typeof cell === 'number') return safe(String(cell))
  return painter.paint(cell[0], safe(cell[1]))
}

/** Names and values, one pair a line. */
export function pairs(entries: readonly (readonly [name: string, value: Cell])[], painter: Painter): string {
  const widest = Math.max(0, ...entries.map(([name]) => name.length))
  return entries
    .map(([name, value]) => `${painter.paint('quiet', name.padEnd(widest))}  ${painted(value, painter)}`.trimEnd())
    .join('\n')
}
