import cronstrue from 'cronstrue'
import { cronWithoutHashes } from '../domain/cron.ts'
import { duration, zoned } from './show/time.ts'

/**
 * When a schedule fires, in words: `At 06:00, Monday through Friday, Europe/Madrid`. What `H` stands for in its expression
 * follows from its name.
 */
export function scheduleInWords(spec: string, name: string): string {
  let record: Record<string, unknown>
  try {
    record = JSON.parse(spec) as Record<string, unknown>
  } catch {
    return 'a spec that cannot be read'
  }
  const zone = typeof record.timezone === 'string' ? record.timezone : 'UTC'
  switch (record.kind) {
    case 'cron':
      return `${cronInWords(String(record.expression), name)}, ${zone}`
    case 'every':
      return `Every ${duration(Number(record.milliseconds))}`
    case 'at':
      return `Once, ${zoned(new Date(Number(record.time)), zone)}`
    default:
      return spec
  }
}

function cronInWords(cron: string, name: string): string {
  try {
    const plain = cronWithoutHashes(cron, name)
    const words = cronstrue.toString(plain ?? cron, { use24HourTimeFormat: true, throwExceptionOnParseError: true })
    return plain === null ? words : `${words} (H)`
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
