import { readFileSync } from 'node:fs'

/**
 * Milliseconds since the start of the machine in which something waited for a processor or a disk, as Linux counts them; 0
 * where it does not. What a busy machine takes is not held against what runs on it.
 */
export function pressure(): number {
  let milliseconds = 0
  for (const what of ['cpu', 'io']) {
    try {
      milliseconds +=
        Number(/some .*total=(\d+)/.exec(readFileSync(`/proc/pressure/${what}`, 'utf8'))?.[1] ?? 0) / 1_000
    } catch {}
  }
  return milliseconds
}
