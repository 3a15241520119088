import type { Payload } from './codec.ts'
import type { PlainRun, Same, Successes } from './columns.ts'
import type { Outcome, RunRow } from './messages.ts'

/** A column's value for one job. */
export function valueAt<T>(column: Same<T>, i: number): T {
  return Array.isArray(column) ? (column[i] as T) : column
}

/** The column that has one value more. @param length of the column so far */
export function withValue<T extends Payload>(column: Same<T>, length: number, value: T): Same<T> {
  if (Array.isArray(column)) {
    column.push(value)
    return column
  }
  if (length === 0) return value
  if (column === value) return column
  const values = new Array<T>(length).fill(column)
  values.push(value)
  return values
}

export function isPlain(run: RunRow | PlainRun): run is PlainRun {
  return typeof run[2] !== 'string'
}

/** Adds the rows of a run to a line. */
export function lineUp(line: RunRow[], run: RunRow | PlainRun): void {
  if (!isPlain(run)) {
    line.push(run)
    return
  }
  const [position, token, ids, task, queue, most, at, args] = run
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as string
    const own = valueAt(args, i)
    line.push([position + i, token + i, id, task, queue, 1, most, 0, at, null, null, null, 'json', null, own])
  }
}

/** The same outcomes with successes of neighbours put together. */
export function packed(outcomes: readonly Outcome[]): (Outcome | Successes)[] {
  const packed: (Outcome | Successes)[] = []
  let open: Successes | null = null
  for (const outcome of outcomes) {
    const [kind, position, startedAt, milliseconds, result] = outcome
    if (kind !== 'success') {
      open = null
      packed.push(outcome)
    } else if (open && open[1] + open[3].length === position && open[2] === startedAt) {
      open[4] = withValue(open[4], open[3].length, result)
      open[3].push(milliseconds)
    } else {
      open = ['successes', position, startedAt, [milliseconds], result]
      packed.push(open)
    }
  }
  return packed
}
