import type { Rate } from '../domain/rate.ts'

/** What orders and limits apply to: all jobs of a queue, or all of a task. */
export interface LineName {
  kind: 'queue' | 'task'
  name: string
}

/** Why a job may not start now. */
export type Obstacle =
  | (LineName & { what: 'paused'; since: number })
  | (LineName & { what: 'full'; running: number; limit: number })
  | (LineName & { what: 'rate'; key: string | null; rate: Rate | null; until: number })
  | { what: 'key'; task: string; key: string; limit: number; holder: string | null }
