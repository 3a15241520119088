import { isNumber, isText, readJson, UNREADABLE } from './stored-json.ts'

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
/** The last time that a Date can tell, in epoch ms. */
const LAST_TIME = 8.64e15
/** Between the parts of a row; JSON has none inside. */
export const PART_BREAK = '\n'

export const beginPart = (at: number, level: LogLevel, text: string): string => `[${at}${nextLine(0, level, text)}`

export const nextLine = (since: number, level: LogLevel, text: string): string =>
  `,${since},${LEVELS.indexOf(level)},${JSON.stringify(text)}`

/** A part that somebody damaged is one line that says so. */
export function linesOf(parts: string): LogLine[] {
  return parts.split(PART_BREAK).flatMap((text) => {
    const part = readJson(text)
    if (!Array.isArray(part) || !isNumber(part[0])) return DAMAGED
    const lines: LogLine[] = []
    let at = part[0]
    for (let i = 1; i < part.length; i += 3) {
      const [since, level, said] = part.slice(i, i + 3) as unknown[]
      if (!isNumber(since) || !isText(said)) return DAMAGED
      at += since
      if (Math.abs(at) > LAST_TIME) return DAMAGED
      lines.push({ at, level: LEVELS[level as number] ?? 'info', text: said })
    }
    return lines
  })
}

const DAMAGED: LogLine[] = [{ at: 0, level: 'error', text: UNREADABLE }]
