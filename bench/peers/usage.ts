import { readdirSync, readFileSync } from 'node:fs'

/** What processes have used and hold. */
export interface Usage {
  /** CPU time since they started, in seconds; of those that are there now and of their children that have ended. */
  readonly cpu: number
  /** Megabytes, pages that processes share counted once between them. */
  readonly memory: number
}

/** What `getconf CLK_TCK` says on every Linux that Node runs on. */
const TICKS = 100

/** Of a process with all it started, found by its group or by who started whom; `null` where there is no /proc. */
export function usageOf(pids: readonly number[]): Usage | null {
  let all: Process[]
  try {
    all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? readProcess(Number(name)) : []))
  } catch {
    return null
  }
  const own = new Set(pids)
  for (let size = -1; size !== own.size; ) {
    size = own.size
    for (const { pid, parent, group } of all) if (own.has(parent) || pids.includes(group)) own.add(pid)
  }
  const found = all.filter(({ pid }) => own.has(pid))
  return {
    cpu: found.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS,
    memory: found.reduce((sum, { pid }) => sum + proportionalKilobytes(pid), 0) / 1024,
  }
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly ticks: number
}

function readProcess(pid: number): Process[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [parent, group] = [Number(fields[1]), Number(fields[2])]
    return [{ pid, parent, group, ticks: [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) }]
  } catch {
    return []
  }
}

function proportionalKilobytes(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
