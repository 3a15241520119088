/** Where a request stands within the dashboard, and how its page refers to the others. */
export interface Place {
  /** Path within the dashboard: begins with a slash. */
  path: string
  /** What a relative address on this page begins with: `'./'`, `'../'`, … */
  root: string
  /** The dashboard's own path as the browser knows it, or null where it was stripped on the way. */
  mount: string | null
}

/**
 * @param path as it came, possibly with the prefix stripped by a framework
 * @param outer as the browser sent it, where the framework tells
 */
export function placeOf(path: string, outer: string | null, basePath: string): Place {
  const within = basePath !== '' && (path === basePath || path.startsWith(`${basePath}/`))
  const inner = within ? path.slice(basePath.length) : path
  const seen = outer ?? path
  const atRoot = inner === '' || inner === '/'
  const last = seen.slice(seen.lastIndexOf('/') + 1)
  const depth = atRoot ? 0 : inner.split('/').length - 2
  return {
    path: atRoot ? '/' : inner,
    // At the root without its slash, a browser resolves names beside the dashboard, not in it.
    root: atRoot && last !== '' ? `./${last}/` : '../'.repeat(depth) || './',
    mount: mountOf(seen, atRoot ? '' : inner),
  }
}

function mountOf(seen: string, inner: string): string | null {
  if (inner === '') return seen.replace(/\/$/, '')
  return seen.endsWith(inner) ? seen.slice(0, -inner.length) : null
}
