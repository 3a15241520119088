export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogLine {
  /** Epoch ms. */
  at: number
  level: LogLevel
  text: string
}

/** A level is written as its index. */
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/**
 * Log lines are kept as JSON, a line of it for each part: an array of the time that the part begins with, and of each line
 * three elements: the ms since the one before, the level, and the text. A part is written piece by piece: the first has
 * `beginPart`, each other `nextLine`, and `END_PART` closes it.
 */
export const END_PART = ']'
/** Between the parts of a row; JSON has none inside. */
export const PART_BREAK = '\n'

export const beginPart = (at: number, level: LogLevel, text: string): string => `[${at}${nextLine(0, level, text)}`

export const nextLine = (since: number, level: LogLevel, text: string): string =>
  `,${since},${LEVELS.indexOf(level)},${JSON.stringify(text)}`

export function linesOf(parts: string): LogLine[] {
  return parts.split(PART_BREAK).flatMap((part) => {
    const [first, ...rest] = JSON.parse(part) as [number, ...unknown[]]
    const lines: LogLine[] = []
    let at = first
    for (let i = 0; i < rest.length; i += 3) {
      at += rest[i] as number
      lines.push({ at, level: LEVELS[rest[i + 1] as number] ?? 'info', text: rest[i + 2] as string })
    }
    return lines
  })
}
