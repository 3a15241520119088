import { HEAD, KINDS } from './library.ts'

/** What a program did, in the order in which it happened. */
export type FileEvent =
  /** The program wrote; until the next sync of the file, the disk may have none, all or a part of it. */
  | { kind: 'write'; path: string; nth: number; at: number; bytes: Buffer }
  /** What the program's first so many writes put into the file is on the disk: they were made before the sync was called. */
  | { kind: 'sync'; path: string; covers: number }
  | { kind: 'truncate'; path: string; size: number }
  | { kind: 'unlink'; path: string }
  /** The file has a second name. */
  | { kind: 'link'; path: string; second: string }
  /** The program said a line to whoever started it: a promise was given. */
  | { kind: 'said'; line: string }

/** Reads the records of the library; one that its program's death cut short is left out. */
export function readEvents(log: Buffer): FileEvent[] {
  const events: FileEvent[] = []
  let writes = 0
  for (let from = 0; from + HEAD <= log.length; ) {
    const kind = KINDS[log.readUInt32LE(from)] as (typeof KINDS)[number]
    const path = from + HEAD
    const data = path + log.readUInt32LE(from + 4)
    const end = data + log.readUInt32LE(from + 8)
    const at = Number(log.readBigUInt64LE(from + 12))
    if (end > log.length) break
    if (kind === 'write') writes++
    events.push(...eventsOf(kind, log.toString('utf8', path, data), log.subarray(data, end), at, writes))
    from = end
  }
  return events
}

function eventsOf(kind: (typeof KINDS)[number], path: string, bytes: Buffer, at: number, nth: number): FileEvent[] {
  switch (kind) {
    case 'said':
      return bytes
        .toString('utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => ({ kind, line }))
    case 'write':
      return [{ kind, path, nth, at, bytes }]
    case 'sync':
      return [{ kind, path, covers: at }]
    case 'truncate':
      return [{ kind, path, size: at }]
    case 'link':
      return [{ kind, path, second: bytes.toString('utf8') }]
    default:
      return [{ kind, path }]
  }
}
