/** What stands in the place of a redacted value. */
export const REDACTED = '[redacted]'

/**
 * A copy of `value` in which what lies under any of the paths is masked; `value` itself when nothing is. A path is keys
 * joined by dots, from the value's root or, where it begins with `*.`, from any depth: `'0.password'`, `'*.card.number'`.
 */
export function redact(value: unknown, paths: readonly string[]): unknown {
  if (paths.length === 0) return value
  const parsed = paths.map((path) => path.split('.'))
  return mask(
    value,
    parsed.filter((path) => path[0] !== '*'),
    parsed.filter((path) => path[0] === '*').map((path) => path.slice(1)),
    0,
  )
}

/** @param here paths that begin at this value  @param anywhere paths that may begin at any depth */
function mask(value: unknown, here: string[][], anywhere: string[][], depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > 100) return value
  if (!Array.isArray(value) && Object.prototype.toString.call(value) !== '[object Object]') return value
  const open = [...here, ...anywhere]
  const masked = (key: string, member: unknown): unknown => {
    const below = open.filter((path) => path[0] === key).map((path) => path.slice(1))
    if (below.some((path) => path.length === 0)) return REDACTED
    return mask(member, below, anywhere, depth + 1)
  }
  if (Array.isArray(value)) return value.map((member, i) => masked(String(i), member))
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, masked(key, member)]))
}
