import type { Connection } from './driver.ts'

/** Hands back at most so many pages; returns how many there were. */
export function handBack(db: Connection, pages: number): number {
  const free = db.pragma('freelist_count', { simple: true }) as number
  if (free === 0) return 0
  db.exec(`PRAGMA incremental_vacuum(${pages})`)
  return free - (db.pragma('freelist_count', { simple: true }) as number)
}
