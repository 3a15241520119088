/** Reads what `strace -f -y -xx` wrote: the file operations of a program, in the order in which they happened. */

export type FileEvent =
  /** The program wrote; until the next sync of the file, the disk may have none, all or a part of it. */
  | { kind: 'write'; path: string; at: number; bytes: Buffer }
  /** Everything written to the file before is on the disk. */
  | { kind: 'sync'; path: string }
  | { kind: 'truncate'; path: string; size: number }
  | { kind: 'unlink'; path: string }
  /** The program said a line to whoever started it: a promise was given. */
  | { kind: 'said'; line: string }

const CALL = /^(\d+)\s+(\w+)\((.*)$/s
const RESUMED = /^(\d+)\s+<\.\.\. (\w+) resumed>/
const WITH_FD = /^(\d+)<((?:\\x[0-9a-f]{2}|[^>])*)>(?:, )?(.*)$/s

/** @param watched whether a file belongs to the database */
export function readTrace(trace: string, watched: (path: string) => boolean): FileEvent[] {
  const events: FileEvent[] = []
  /** A sync counts from when it returned, everything else from when it was called. */
  const begun = new Map<string, FileEvent>()
  for (const line of trace.split('\n')) {
    const resumed = RESUMED.exec(line)
    if (resumed) {
      const event = begun.get(resumed[1] as string)
      begun.delete(resumed[1] as string)
      if (event && / = 0$/.test(line)) events.push(event)
      continue
    }
    const call = CALL.exec(line)
    if (!call) continue
    const [, thread, name, rest] = call as unknown as [string, string, string, string]
    const event = eventOf(name, rest, watched)
    if (!event) continue
    if (event.kind !== 'sync') events.push(event)
    else if (rest.includes('<unfinished ...>')) begun.set(thread, event)
    else if (/ = 0$/.test(rest)) events.push(event)
  }
  return events
}

function eventOf(name: string, rest: string, watched: (path: string) => boolean): FileEvent | null {
  if (name === 'unlink' || name === 'unlinkat') {
    const path = textOf(rest.match(/"((?:\\x[0-9a-f]{2})*)"/)?.[1] ?? '')
    return watched(path) ? { kind: 'unlink', path } : null
  }
  const [, fd, file, args] = WITH_FD.exec(rest) ?? []
  if (fd === undefined || file === undefined || args === undefined) return null
  if (name === 'write' && fd === '1') return { kind: 'said', line: textOf(dataOf(args)) }
  const path = file.includes('\\x') ? textOf(file) : file
  if (!watched(path)) return null
  switch (name) {
    case 'pwrite64':
      return { kind: 'write', path, at: Number(args.match(/, \d+, (\d+)/)?.[1]), bytes: bytesOf(dataOf(args)) }
    case 'fsync':
    case 'fdatasync':
      return { kind: 'sync', path }
    case 'ftruncate':
      return { kind: 'truncate', path, size: Number.parseInt(args, 10) }
    default:
      return null
  }
}

const dataOf = (args: string): string => args.slice(1, args.indexOf('"', 1))
const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll('\\x', ''), 'hex')
const textOf = (hex: string): string => bytesOf(hex).toString('utf8')
