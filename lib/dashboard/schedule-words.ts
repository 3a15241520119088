import cronstrue from 'cronstrue'
import { duration, zoned } from './show/time.ts'

/** When a schedule fires, in words: `At 06:00, Monday through Friday, Europe/Madrid`. */
export function scheduleInWords(spec: string): string {
  let record: Record<string, unknown>
  try {
    record = JSON.parse(spec) as Record<string, unknown>
  } catch {
    return 'a spec that cannot be read'
  }
  const zone = typeof record.timezone === 'string' ? record.timezone : 'UTC'
  switch (record.kind) {
    case 'cron':
      return `${cronInWords(String(record.expression))}, ${zone}`
    case 'every':
      return `Every ${duration(Number(record.milliseconds))}`
    case 'at':
      return `Once, ${zoned(new Date(Number(record.time)), zone)}`
    default:
      return spec
  }
}

function cronInWords(cron: string): string {
  try {
    // A hash has its value by the schedule's name, and words for it are none of cronstrue's.
    if (/\bH\b/.test(cron)) return 'By its expression, H spread by the name'
    return cronstrue.toString(cron, { use24HourTimeFormat: true, throwExceptionOnParseError: true })
  } catch {
    return 'By its expression'
  }
}

/** The expression that somebody wrote, for whoever reads cron, and the zone it is meant in. */
export function scheduleAsWritten(spec: string): { text: string | null; zone: string } {
  try {
    const { kind, expression, timezone } = JSON.parse(spec) as Record<string, unknown>
    return { text: kind === 'cron' ? String(expression) : null, zone: typeof timezone === 'string' ? timezone : 'UTC' }
  } catch {
    return { text: null, zone: 'UTC' }
  }
}
