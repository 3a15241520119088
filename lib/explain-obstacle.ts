import type { Obstacle } from './wire/messages.ts'

/** In words, what holds a due job's queue or task back. */
export function explainObstacle(obstacle: Obstacle): string {
  const { kind, name } = obstacle
  switch (obstacle.what) {
    case 'paused':
      return `its ${kind} "${name}" has been paused since ${new Date(obstacle.since).toISOString()} — app.control.resume({ ${kind}: '${name}' }) ends that`
    case 'full':
      return `waits for its ${kind}: "${name}" runs ${obstacle.running} jobs and its concurrency is ${obstacle.limit}`
  }
}
