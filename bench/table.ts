import type { Case, Figure } from './case.ts'
import type { CaseReport } from './runner.ts'
import type { Spread, Verdict } from './verdict.ts'

const HEAD = ['case', 'ours', 'baseline', 'ratio', 'target', 'ok'] as const

const number = (value: number): string =>
  Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en')
    : value.toFixed(Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 ? 2 : 3)

const withUnit = (value: number, unit: Figure['unit']) =>
  `${number(value)}${unit === 'ms' || unit === 'MB' ? ' ' : ''}${unit}`

const show = ({ median, min, max }: Spread, unit: Figure['unit']) =>
  `${withUnit(median, unit)} (${number(min)} – ${number(max)})`

function relation({ compare, found, unit }: Verdict): string {
  if (compare === 'ratio') return found.toFixed(2)
  if (compare === 'difference') return `${found < 0 ? '−' : '+'}${withUnit(Math.abs(found), unit)}`
  return ''
}

function target({ compare, least, most, unit }: Verdict): string {
  const bound = least ?? most
  if (bound === null) return ''
  const sign = least === null ? '≤' : '≥'
  if (compare === 'ratio') return `${sign} ${bound}`
  return `${sign} ${compare === 'difference' ? '+' : ''}${bound.toLocaleString('en')}${unit === '%' ? '' : ' '}${unit}`
}

/** One line a figure, columns aligned; a case that did not run says why in place of its figures. */
export function table(reports: readonly CaseReport[]): string {
  const rows = reports.flatMap((report) =>
    report.status === 'ran'
      ? report.figures.map((verdict) => [
          verdict.name,
          show(verdict.ours, verdict.unit),
          verdict.baseline ? show(verdict.baseline, verdict.unit) : '',
          relation(verdict),
          target(verdict),
          verdict.ok === null ? '' : verdict.ok ? 'yes' : 'NO',
        ])
      : [[report.case, report.status === 'failed' ? 'FAILED' : 'not run', '', '', '', '']],
  )
  const all = [[...HEAD], ...rows]
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  const reasons = reports.filter((report) => report.reason !== undefined).map((r) => `\n${r.case}: ${r.reason}`)
  return [line(HEAD), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line), ...reasons].join('\n')
}

const LEGEND = [
  `Each figure is the median of its repetitions (smallest – largest). Every repetition is a process of its own, and the
   repetitions of both sides take turns. The ratio is that of the medians. What both sides
   store is synced to disk before it counts.`,
  `raw: better-sqlite3 in one thread, WAL, one STRICT table jobs (id TEXT PRIMARY KEY, task, args, state, result) with
   one partial index, of the queued; the ids are made beforehand.`,
  'raw piscina: the same function through pool.run(), nothing stored.',
]

/** What each case does and what it is compared with. */
export function legend(cases: readonly Case[]): string {
  const width = Math.max(...cases.map(({ name }) => name.length)) + 2
  return [
    ...LEGEND.flatMap((text) => wrap(text, 0)),
    ...cases.flatMap(({ name, what, baseline }) => {
      const [first = '', ...rest] = wrap(`${what}; against ${baseline}`, width)
      return [name.padEnd(width) + first.trimStart(), ...rest]
    }),
  ].join('\n')
}

function wrap(text: string, indent: number, width = 118): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line)
      line = ''
    }
    line += line === '' ? word : ` ${word}`
  }
  return [...lines, line].map((text) => ' '.repeat(indent) + text)
}
