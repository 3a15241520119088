/** What `npm run torture` says at its end. */
import type { Options } from './options.ts'
import type { SuiteReport } from './suite.ts'

export type Line = { suite: string; seconds: number } & ({ missing: string } | SuiteReport | { failed: string })

export interface Total {
  cases: number
  kills: number
  violations: number
  /** Suites that ended with an error of their own. */
  failed: number
  /** Suites that could not run here. */
  missing: number
  seconds: number
}

/** What one suite found, told when it ends. */
export function describe(line: Line): string {
  if ('missing' in line) return `${line.suite}: NOT RUN, ${line.missing}`
  if ('failed' in line) return `${line.suite}: FAILED\n${line.failed}`
  const notes = Object.entries(line.notes).map(([what, value]) => `${what}: ${value}`)
  const head = `${line.suite}: ${line.cases} cases in ${line.seconds} s, ${line.violations.length} violations`
  return [`${head}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`, ...line.violations.slice(0, 20)].join('\n  ')
}

export function totalOf(lines: readonly Line[], seconds: number): Total {
  const total = { cases: 0, kills: 0, violations: 0, failed: 0, missing: 0, seconds }
  for (const line of lines) {
    if ('missing' in line) total.missing++
    else if ('failed' in line) total.failed++
    else {
      total.cases += line.cases
      total.kills += line.kills ?? 0
      total.violations += line.violations.length
    }
  }
  return total
}

/** A row for each suite, when there are several, and the line that is the last one. */
export function describeTotal(
  lines: readonly Line[],
  total: Total,
  { size, share, seed }: Pick<Options, 'size' | 'share' | 'seed'>,
): string {
  const rows = lines.map((line) => {
    const name = line.suite.padEnd(14)
    const time = `${line.seconds.toFixed(1)} s`.padStart(11)
    if ('missing' in line) return `${name} not run: ${line.missing}`
    if ('failed' in line) return `${name}${time}   FAILED`
    return `${name}${time}   ${line.violations.length} violations in ${line.cases} cases`
  })
  const { cases, kills, violations, failed, missing, seconds } = total
  const counts = [`${cases} cases`, `${kills} kills`, `${violations} violations`]
  if (failed > 0) counts.push(`${failed} suites FAILED`)
  if (missing > 0) counts.push(`${missing} suites not run`)
  const part = share === 1 ? size : `${share} of ${size}`
  const last = `In all: ${counts.join(', ')}; size ${part}, seed ${seed}, ${seconds.toFixed(1)} s.`
  return lines.length > 1 ? ['', ...rows, '', last].join('\n') : last
}
